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

pub(super) const ROUTINES: Check = Check {
    id: "auroraUpgradeCheckForSpecialCharactersInProcedures",
    from: From::Aurora,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "Routines whose text is not valid in its encoding",
    about: "A procedure or function whose text holds bytes that are no characters of the encoding it was made in stops the upgrade \
            (MY-010768).",
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

pub(super) fn look_routines(schema: &Schema, findings: &mut Findings) {
    let routines =
        schema.programs.iter().filter(|program| matches!(program.kind, Program::Procedure | Program::Function));
    for routine in routines {
        let Some(at) =
            [&routine.signature, &routine.body].into_iter().find_map(|text| invalid_at(text, &routine.charset))
        else {
            continue;
        };
        findings
            .add(
                &ROUTINES,
                format!("{}.{}", schema.name, routine.name),
                format!("Byte {} of its text is no character of {}", at + 1, routine.charset),
            )
            .fix(format!("DROP {} {}, then create it again without that byte", routine.kind.word(), {
                quoted(&[&schema.name, &routine.name])
            }))
            .query(show(&schema.name, routine));
    }
}

/// The first byte, from 0, that is no character; other encodings than UTF-8 are not judged.
fn invalid_at(text: &[u8], charset: &str) -> Option<usize> {
    let three_bytes = charset.eq_ignore_ascii_case("utf8") || charset.eq_ignore_ascii_case("utf8mb3");
    if !three_bytes && !charset.eq_ignore_ascii_case("utf8mb4") {
        return None;
    }
    match std::str::from_utf8(text) {
        Err(error) => Some(error.valid_up_to()),
        Ok(text) => text.char_indices().find(|(_, letter)| three_bytes && letter.len_utf8() > 3).map(|(at, _)| at),
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
        assert_eq!(invalid_at(b"caf\xe9", "utf8mb4"), Some(3));
        assert_eq!(invalid_at("café 😀".as_bytes(), "utf8mb4"), None);
        assert_eq!(invalid_at("café 😀".as_bytes(), "utf8"), Some(6));
        assert_eq!(invalid_at("café".as_bytes(), "utf8mb3"), None);
    }
}
