//! Result codes (RFC 4511 appendix A, RFC 4528, RFC 5805) and what they mean to tenure.

/// What an LDAP server answered, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub u32);

impl Code {
    pub const SUCCESS: Code = Code(0);
    pub const OPERATIONS_ERROR: Code = Code(1);
    pub const TIME_LIMIT_EXCEEDED: Code = Code(3);
    pub const SIZE_LIMIT_EXCEEDED: Code = Code(4);
    pub const COMPARE_FALSE: Code = Code(5);
    pub const COMPARE_TRUE: Code = Code(6);
    pub const STRONGER_AUTH_REQUIRED: Code = Code(8);
    pub const REFERRAL: Code = Code(10);
    pub const ADMIN_LIMIT_EXCEEDED: Code = Code(11);
    pub const UNAVAILABLE_CRITICAL_EXTENSION: Code = Code(12);
    pub const CONFIDENTIALITY_REQUIRED: Code = Code(13);
    pub const SASL_BIND_IN_PROGRESS: Code = Code(14);
    pub const NO_SUCH_ATTRIBUTE: Code = Code(16);
    pub const UNDEFINED_ATTRIBUTE_TYPE: Code = Code(17);
    pub const INAPPROPRIATE_MATCHING: Code = Code(18);
    pub const CONSTRAINT_VIOLATION: Code = Code(19);
    pub const ATTRIBUTE_OR_VALUE_EXISTS: Code = Code(20);
    pub const INVALID_ATTRIBUTE_SYNTAX: Code = Code(21);
    pub const NO_SUCH_OBJECT: Code = Code(32);
    pub const INVALID_DN_SYNTAX: Code = Code(34);
    pub const INVALID_CREDENTIALS: Code = Code(49);
    pub const INSUFFICIENT_ACCESS_RIGHTS: Code = Code(50);
    pub const BUSY: Code = Code(51);
    pub const UNAVAILABLE: Code = Code(52);
    pub const UNWILLING_TO_PERFORM: Code = Code(53);
    pub const NAMING_VIOLATION: Code = Code(64);
    pub const OBJECT_CLASS_VIOLATION: Code = Code(65);
    pub const ENTRY_ALREADY_EXISTS: Code = Code(68);
    pub const OTHER: Code = Code(80);
    pub const ASSERTION_FAILED: Code = Code(122);

    /// The name in the RFCs; empty for codes that none of them names.
    pub fn name(self) -> &'static str {
        match self.0 {
            0 => "success",
            1 => "operationsError",
            2 => "protocolError",
            3 => "timeLimitExceeded",
            4 => "sizeLimitExceeded",
            5 => "compareFalse",
            6 => "compareTrue",
            7 => "authMethodNotSupported",
            8 => "strongerAuthRequired",
            10 => "referral",
            11 => "adminLimitExceeded",
            12 => "unavailableCriticalExtension",
            13 => "confidentialityRequired",
            14 => "saslBindInProgress",
            16 => "noSuchAttribute",
            17 => "undefinedAttributeType",
            18 => "inappropriateMatching",
            19 => "constraintViolation",
            20 => "attributeOrValueExists",
            21 => "invalidAttributeSyntax",
            32 => "noSuchObject",
            33 => "aliasProblem",
            34 => "invalidDNSyntax",
            36 => "aliasDereferencingProblem",
            48 => "inappropriateAuthentication",
            49 => "invalidCredentials",
            50 => "insufficientAccessRights",
            51 => "busy",
            52 => "unavailable",
            53 => "unwillingToPerform",
            54 => "loopDetect",
            64 => "namingViolation",
            65 => "objectClassViolation",
            66 => "notAllowedOnNonLeaf",
            67 => "notAllowedOnRDN",
            68 => "entryAlreadyExists",
            69 => "objectClassModsProhibited",
            71 => "affectsMultipleDSAs",
            80 => "other",
            122 => "assertionFailed",
            _ => "",
        }
    }

    /// What to do about it.
    pub fn hint(self) -> &'static str {
        match self.0 {
            3 | 11 => {
                "raise the server's time limit for the bind name (OpenLDAP: olcLimits), or narrow base and filters"
            }
            4 => {
                "raise the server's size limit for the bind name (OpenLDAP: olcLimits size=unlimited), or narrow base and filters"
            }
            7 | 48 => "the server does not take this way to bind: check bind, password and the client's certificate",
            8 | 13 => "the server wants an encrypted connection: use ldaps://, or set start_tls = true",
            10 => "the server says that another one holds this: write that one as url",
            12 => "the server does not know a control that is needed: see docs/providers/ldap.md",
            16 => "it was changed meanwhile: plan again",
            17 => "check the spelling against the server's schema, and account_classes or group_classes",
            18 => "the server cannot compare values of this attribute",
            19 | 21 => "check the value against what the server's schema and policies allow",
            20 => "it is there already: plan again",
            32 => "it is not there, or the bind name may not see it: check its rights and the base",
            34 => "check the DN: special characters in values are written with a backslash (RFC 4514)",
            49 => "check bind and password; the account may be locked or its password expired",
            50 => "give the bind name the right to do this (OpenLDAP: olcAccess)",
            51 | 52 => "the server is overloaded or going down: try again later",
            53 => "the server does not do this; its log may say why",
            64 | 67 => "the DN's first part must be an attribute of the entry: check rdn and dn",
            66 => "other entries stand below it: they are to be moved or deleted first",
            65 | 69 => {
                "the entry does not fit its object classes: check the attributes, and account_classes or group_classes"
            }
            68 => "an entry with this DN is there already: adopt it, or choose another name",
            _ => "the server's log may say more",
        }
    }

    /// Whether a read may be tried again: the server said that it is only busy for now.
    pub fn is_transient(self) -> bool {
        matches!(self, Code::BUSY | Code::UNAVAILABLE)
    }
}

/// `noSuchObject (32)`.
impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name() {
            "" => write!(f, "result {}", self.0),
            name => write!(f, "{name} ({})", self.0),
        }
    }
}
