# Who works here


people "hr" {
    from=csvdecode(file("people/hr.csv"))
    key = row.employee_id   # never the email

    email =   lower( row.mail )  # as HR has it
    note = <<-END
      kept   as   it
        is
    END

}
