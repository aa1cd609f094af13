//! userAccountControl: the flags of an account (MS-ADTS section 2.2.16). tenure turns one of them, ACCOUNTDISABLE, and
//! leaves the others as they are.

/// The account cannot be used.
const ACCOUNTDISABLE: u32 = 0x2;
/// An ordinary account of a person or of a service.
const NORMAL_ACCOUNT: u32 = 0x200;

/// The flags of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountControl(u32);

impl AccountControl {
    /// What an account is created with: ordinary, usable.
    pub const CREATED: AccountControl = AccountControl(NORMAL_ACCOUNT);

    /// The flags as the server writes them: a decimal number of 32 bits, which is negative where the highest one is set.
    pub fn parse(text: &str) -> Option<AccountControl> {
        match text.parse::<i32>() {
            Ok(flags) => Some(AccountControl(flags.cast_unsigned())),
            Err(_) => text.parse().ok().map(AccountControl),
        }
    }

    /// Whether the account may be used.
    pub fn active(self) -> bool {
        self.0 & ACCOUNTDISABLE == 0
    }

    /// The same with the account switched on or off.
    #[must_use]
    pub fn with_active(self, active: bool) -> AccountControl {
        AccountControl(if active { self.0 & !ACCOUNTDISABLE } else { self.0 | ACCOUNTDISABLE })
    }
}

/// As the server writes it.
impl std::fmt::Display for AccountControl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.cast_signed().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::AccountControl;

    #[test]
    fn one_flag_is_turned_and_the_others_stay() {
        for (text, active, switched) in [
            ("512", true, "514"),
            ("514", false, "512"),
            ("546", false, "544"),    // and PASSWD_NOTREQD
            ("66048", true, "66050"), // and DONT_EXPIRE_PASSWORD
            ("-2147483136", true, "-2147483134"),
            ("0", true, "2"),
        ] {
            let control = AccountControl::parse(text).unwrap();
            assert_eq!((control.active(), control.to_string()), (active, text.to_owned()));
            assert_eq!(control.with_active(!active).to_string(), switched);
            assert_eq!(control.with_active(active), control);
        }
        for wrong in ["", "x", "5.0", "99999999999"] {
            assert_eq!(AccountControl::parse(wrong), None, "{wrong}");
        }
    }
}
