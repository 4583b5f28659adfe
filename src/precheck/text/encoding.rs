//! Bytes that are no text in the encoding they claim.

use super::{
    DICTIONARY,
    passage::{Of, Passage, quoted, show},
};
use crate::{
    event::{Consequence, Level},
    port::catalogue::{Program, Schema},
    precheck::{
        check::{Check, From, Holds},
        findings::Findings,
    },
};

const AURORA: Option<&str> = Some(
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.upgrade-prechecks.descriptions.html",
);

pub(super) const PROGRAMS: Check = Check {
    id: "auroraUpgradeCheckForSpecialCharactersInProcedures",
    from: From::Aurora,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "Stored programs whose text is not valid utf8mb3",
    about: "A procedure, function or event that was made by a client of the encoding utf8 and holds bytes that are no characters of it, \
            or one of four bytes, stops the upgrade: routines with MY-010768, events without a word of which one it is. Made by a \
            client of utf8mb4 or another encoding, it passes.",
    holds: Holds::Crossing(DICTIONARY),
    link: AURORA,
};

pub(super) const VIEWS: Check = Check {
    id: "auroraUpgradeCheckForInvalidUtf8mb3CharacterStringInViews",
    from: From::Aurora,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "Views with characters that utf8mb3 cannot hold",
    about: "A view with a string such as _utf8'…' that holds a character of four bytes stops the upgrade (MY-013140). 5.7 shows its text \
            cut before that character.",
    holds: Holds::Crossing(DICTIONARY),
    link: AURORA,
};

pub(super) fn look_programs(schema: &Schema, findings: &mut Findings) {
    // The text of a trigger comes with its bytes made valid already.
    for program in schema.programs.iter().filter(|program| program.kind != Program::Trigger) {
        let Some(at) =
            [&program.signature, &program.body].into_iter().find_map(|text| invalid_at(text, &program.charset))
        else {
            continue;
        };
        let name = quoted(&[&schema.name, &program.name]);
        findings
            .add(
                &PROGRAMS,
                format!("{}.{}", schema.name, program.name),
                format!("Byte {} of its text is no character of {}", at + 1, program.charset),
            )
            .fix(format!("DROP {} {name}, then SET NAMES utf8mb4 and create it again", program.kind.word()))
            .query(show(&schema.name, program));
    }
}

/// The first byte, from 0, that is no character of utf8mb3; the server makes other encodings valid by itself.
fn invalid_at(text: &[u8], charset: &str) -> Option<usize> {
    if !["utf8", "utf8mb3"].iter().any(|name| charset.eq_ignore_ascii_case(name)) {
        return None;
    }
    match std::str::from_utf8(text) {
        Err(error) => Some(error.valid_up_to()),
        Ok(text) => text.char_indices().find(|(_, letter)| letter.len_utf8() > 3).map(|(at, _)| at),
    }
}

pub(super) fn look_views(passages: &[Passage<'_>], findings: &mut Findings) {
    for passage in passages {
        let Of::View(view) = passage.of else { continue };
        if passage.text.is_cut() || std::str::from_utf8(&view.definition).is_err() {
            findings
                .add(&VIEWS, &passage.object, "The view holds a string with bytes that are no characters of utf8mb3")
                .fix("Create the view again without an introducer (_utf8) before that string")
                .query(&passage.query);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::invalid_at;

    #[test]
    fn bytes_are_judged_in_their_own_encoding() {
        assert_eq!(invalid_at(b"caf\xe9", "latin1"), None);
        assert_eq!(invalid_at(b"caf\xe9", "utf8"), Some(3));
        assert_eq!(invalid_at(b"caf\xe9", "utf8mb4"), None);
        assert_eq!(invalid_at("café 😀".as_bytes(), "utf8mb4"), None);
        assert_eq!(invalid_at("café 😀".as_bytes(), "utf8"), Some(6));
        assert_eq!(invalid_at("café".as_bytes(), "utf8mb3"), None);
    }
}
