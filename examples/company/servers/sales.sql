-- What stands in the warehouse before tenure: a database with tables, and their owner.
create role warehouse_owner nologin;
create database sales owner warehouse_owner;
\connect sales
set role warehouse_owner;
create schema reporting;
create table public.orders (id int primary key, customer text, placed date, total numeric);
create table public.customers (id int primary key, name text, country text);
create table reporting.monthly (month date primary key, total numeric);
