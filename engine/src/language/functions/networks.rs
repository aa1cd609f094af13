//! Functions on IP networks in CIDR notation (RFC 4632, RFC 4291).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bigdecimal::ToPrimitive;

use super::super::{Failure, Value};
use super::arguments::{Answer, number, text, whole};

/// Most bits that one step of `cidrsubnets` adds, as in Terraform.
const MAX_STEP: u32 = 32;

/// A network: the bits of its address stand at the low end, host bits are zero.
#[derive(Clone, Copy)]
struct Network {
    address: u128,
    prefix: u32,
    /// 32 or 128.
    bits: u32,
}

impl Network {
    fn read(arguments: &[Value]) -> Answer<Network> {
        let text = text(arguments, 0)?;
        Network::parse(&text).ok_or_else(|| {
            Failure::new("argument 1 is not a network in CIDR notation").hint("write it as 10.0.0.0/16 or fd00::/64")
        })
    }

    fn parse(text: &str) -> Option<Network> {
        let (address, prefix) = text.split_once('/')?;
        let (address, bits) = if address.contains(':') {
            (u128::from(address.parse::<Ipv6Addr>().ok()?), 128)
        } else {
            (u128::from(u32::from(parse_v4(address)?)), 32)
        };
        if prefix.is_empty() || !prefix.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let prefix = prefix.parse::<u32>().ok().filter(|prefix| *prefix <= bits)?;
        Some(Network { address: address & !low_bits(bits - prefix), prefix, bits })
    }

    fn ip(&self, address: u128) -> IpAddr {
        if self.bits == 32 {
            // The upper bits of an IPv4 address are zero here.
            IpAddr::V4(Ipv4Addr::from(address as u32))
        } else {
            IpAddr::V6(Ipv6Addr::from(address))
        }
    }

    fn to_value(self) -> Value {
        Value::string(format!("{}/{}", self.ip(self.address), self.prefix))
    }
}

/// As older tools do, Terraform reads `010` as 10.
fn parse_v4(text: &str) -> Option<Ipv4Addr> {
    let octets: Vec<u8> = text
        .split('.')
        .map(|octet| octet.bytes().all(|b| b.is_ascii_digit()).then(|| octet.parse().ok())?)
        .collect::<Option<_>>()?;
    <[u8; 4]>::try_from(octets).ok().map(Ipv4Addr::from)
}

fn low_bits(count: u32) -> u128 {
    1u128.checked_shl(count).map_or(u128::MAX, |bit| bit - 1)
}

/// A negative host number counts from the end.
pub fn cidrhost(arguments: &[Value]) -> Answer {
    let (network, wanted) = (Network::read(arguments)?, number(arguments, 1)?);
    let room = low_bits(network.bits - network.prefix);
    let integer = wanted.to_bigint().ok_or_else(|| Failure::new("argument 2 must be a whole number"))?;
    let magnitude = integer.magnitude().to_u128();
    let host = if wanted.is_negative() {
        magnitude.and_then(|from_end| room.checked_sub(from_end - 1))
    } else {
        magnitude.filter(|host| *host <= room)
    };
    let host = host.ok_or_else(|| Failure::new(format!("a network of /{} has no host {wanted}", network.prefix)))?;
    Ok(Value::string(network.ip(network.address | host).to_string()))
}

/// IPv4 only, since IPv6 has no netmasks.
pub fn cidrnetmask(arguments: &[Value]) -> Answer {
    let network = Network::read(arguments)?;
    if network.bits != 32 {
        return Err(Failure::new("argument 1 must be an IPv4 network; IPv6 has no netmasks"));
    }
    Ok(Value::string(network.ip(low_bits(32) & !low_bits(32 - network.prefix)).to_string()))
}

pub fn cidrsubnet(arguments: &[Value]) -> Answer {
    let (network, bits, wanted) = (Network::read(arguments)?, whole(arguments, 1)?, number(arguments, 2)?);
    let prefix = longer(&network, bits)?;
    let added = prefix - network.prefix;
    let number = wanted.to_bigint().and_then(|number| number.to_u128()).filter(|number| *number <= low_bits(added));
    let number = number.ok_or_else(|| Failure::new(format!("{added} more bits have no subnet {wanted}")))?;
    let address = network.address | number.checked_shl(network.bits - prefix).unwrap_or(0);
    Ok(Network { address, prefix, ..network }.to_value())
}

fn longer(network: &Network, bits: i64) -> Answer<u32> {
    let prefix = u32::try_from(bits).ok().and_then(|bits| network.prefix.checked_add(bits));
    prefix.filter(|prefix| *prefix <= network.bits).ok_or_else(|| {
        let (prefix, most) = (network.prefix, network.bits);
        Failure::new(format!("a prefix of /{prefix} cannot grow by {bits} bits: the address has {most}"))
    })
}

/// Subnets one after the other, each aligned to its own size.
pub fn cidrsubnets(arguments: &[Value]) -> Answer {
    let network = Network::read(arguments)?;
    let last = network.address | low_bits(network.bits - network.prefix);
    let mut next = Some(network.address);
    let mut subnets = Vec::new();
    for at in 1..arguments.len() {
        let bits = whole(arguments, at)?;
        if !(1..=i64::from(MAX_STEP)).contains(&bits) {
            return Err(Failure::new(format!(
                "argument {} must be between 1 and {MAX_STEP} bits, and is {bits}",
                at + 1
            )));
        }
        let prefix = longer(&network, bits)?;
        let size = low_bits(network.bits - prefix);
        let aligned = next.and_then(|next| next.checked_add(size)).map(|end| end & !size);
        let address = aligned
            .filter(|address| *address <= last)
            .ok_or_else(|| Failure::new(format!("the network has no room for the subnet of argument {}", at + 1)))?;
        subnets.push(Network { address, prefix, ..network }.to_value());
        next = (address | size).checked_add(1);
    }
    Ok(Value::list(subnets))
}
