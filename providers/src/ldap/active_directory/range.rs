//! Values of an attribute that come in parts (MS-ADTS section 3.1.1.3.1.3.3): a group of more than 1,500 members is
//! answered as `member;range=0-1499`, and `member;range=1500-*` has to be asked for next. The last part ends with `*`.

/// The attribute that a description of a part is about, and the number of the first value of the next part: none where
/// this is the last one. None for a description without a range.
///
/// # Errors
/// Where the range makes no sense: nobody knows then whether all values are there.
pub fn read(description: &str) -> Option<Result<(&str, Option<u64>), String>> {
    let (attribute, options) = description.split_once(';')?;
    let range = options.split(';').find_map(|option| {
        let (name, range) = option.split_once('=')?;
        name.eq_ignore_ascii_case("range").then_some(range)
    })?;
    let next = range.split_once('-').and_then(|(first, last)| {
        let first: u64 = first.parse().ok()?;
        match last {
            "*" => Some(None),
            last => last.parse::<u64>().ok().filter(|last| *last >= first)?.checked_add(1).map(Some),
        }
    });
    Some(match next {
        Some(next) => Ok((attribute, next)),
        None => Err(format!("the server answered with `{description}`, which is no range of values")),
    })
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn parts_say_where_the_next_one_starts() {
        for (description, expected) in [
            ("member", None),
            ("member;binary", None),
            ("member;range=0-1499", Some(Ok(("member", Some(1500))))),
            ("member;Range=1500-2999", Some(Ok(("member", Some(3000))))),
            ("member;range=3000-*", Some(Ok(("member", None)))),
            ("member;binary;range=0-*", Some(Ok(("member", None)))),
            ("member;range=0-0", Some(Ok(("member", Some(1))))),
            ("member;range=5-4", Some(Err(()))),
            ("member;range=", Some(Err(()))),
            ("member;range=*-*", Some(Err(()))),
            ("member;range=0--1", Some(Err(()))),
            ("member;range=0-18446744073709551615", Some(Err(()))),
        ] {
            assert_eq!(read(description).map(|range| range.map_err(drop)), expected, "{description}");
        }
    }
}
