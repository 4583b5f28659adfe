//! The `_metadata` file of a savepoint or checkpoint: which operators there are and where their state lies.
//!
//! Format versions 3 to 6 (Flink 1.11 to 2.x) are one layout with small differences: 4 adds a Java-serialised tail, 5
//! the names of operators, 6 another layout of in-flight data, which a job stopped in good order does not have.

use super::{
    Unreadable,
    bytes::{Bytes, Result},
};

const MAGIC: i32 = 0x4960_672d;
const MASTER_STATE_MAGIC: i32 = 0xc96b_1696_u32.cast_signed();
const JAVA_STREAM: [u8; 4] = [0xac, 0xed, 0x00, 0x05];
const WHAT: &str = "_metadata";

pub(super) struct Operator<'a> {
    /// 32 hex digits.
    pub(super) id: String,
    /// State of the operator's coordinator in the JobManager: a source's enumerator.
    pub(super) coordinator: Option<&'a [u8]>,
    /// Managed operator state, one per subtask that has any.
    pub(super) states: Vec<State<'a>>,
}

pub(super) struct State<'a> {
    pub(super) lists: Vec<List<'a>>,
    pub(super) stream: Stream<'a>,
}

/// A named list of elements, each by its offset from the begin of the state's bytes.
pub(super) struct List<'a> {
    pub(super) name: &'a str,
    pub(super) elements: Vec<u64>,
}

pub(super) enum Stream<'a> {
    Absent,
    /// The bytes themselves. Their handle also has a path, of a file that does not exist.
    Inline(&'a [u8]),
    File(Part<'a>),
}

/// A file, or a part of one, that holds state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) place: Place<'a>,
    pub(super) start: u64,
    pub(super) size: u64,
    /// Whether the part is the whole file.
    pub(super) whole: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Place<'a> {
    /// A file of this name in the folder of `_metadata`.
    Beside(&'a str),
    /// An address of its own.
    At(&'a str),
}

pub(super) fn parse(data: &[u8]) -> Result<Vec<Operator<'_>>> {
    let mut bytes = Bytes::new(data, WHAT);
    if data.len() < 4 || bytes.i32()? != MAGIC {
        return Err(Unreadable::NotASavepoint);
    }
    let version = bytes.i32()?;
    if !(3..=6).contains(&version) {
        return Err(Unreadable::Version { what: WHAT, found: version, known: "3 to 6" });
    }
    if bytes.i64()? < 0 {
        return Err(bytes.malformed("a negative checkpoint id"));
    }
    for _ in 0..bytes.count()? {
        if bytes.i32()? != MASTER_STATE_MAGIC {
            return Err(bytes.malformed("a master state without its mark"));
        }
        bytes.block()?;
    }
    let count = bytes.count()?;
    let operators = (0..count).map(|_| operator(&mut bytes, version)).collect::<Result<Vec<_>>>()?;
    if version == 3 {
        bytes.end()?;
    } else if !bytes.left().starts_with(&JAVA_STREAM) {
        return Err(bytes.malformed("no checkpoint properties behind the operators"));
    }
    Ok(operators)
}

fn operator<'a>(bytes: &mut Bytes<'a>, version: i32) -> Result<Operator<'a>> {
    if version >= 5 {
        bytes.utf()?;
        bytes.utf()?;
    }
    let id = bytes.take(16)?.iter().map(|byte| format!("{byte:02x}")).collect();
    let (parallelism, most) = (bytes.i32()?, bytes.i32()?);
    if parallelism < 1 || most < parallelism {
        return Err(bytes.malformed("an operator with an impossible parallelism"));
    }
    let coordinator = match stream(bytes)? {
        Stream::Absent => None,
        Stream::Inline(state) => Some(state),
        Stream::File(_) => return Err(bytes.malformed("a coordinator whose state is a file")),
    };
    let subtasks = bytes.i32()?;
    if subtasks > parallelism {
        return Err(bytes.malformed("more subtasks than the operator's parallelism"));
    }
    let mut states = Vec::new();
    // A negative count is an operator that has finished, a negative index a subtask that has.
    for _ in 0..subtasks.max(0) {
        if bytes.i32()? >= 0 {
            states.extend(subtask(bytes)?);
        }
    }
    Ok(Operator { id, coordinator, states })
}

fn subtask<'a>(bytes: &mut Bytes<'a>) -> Result<Option<State<'a>>> {
    let managed = singleton(bytes)?;
    singleton(bytes)?;
    keyed(bytes)?;
    keyed(bytes)?;
    for _ in ["input channels", "result partitions"] {
        if bytes.i32()? != 0 {
            return Err(Unreadable::Unsupported { what: "in-flight data of an unaligned checkpoint" });
        }
    }
    Ok(managed)
}

fn singleton<'a>(bytes: &mut Bytes<'a>) -> Result<Option<State<'a>>> {
    match bytes.i32()? {
        0 => Ok(None),
        1 => operator_state(bytes),
        _ => Err(bytes.malformed("more than one operator state of a subtask")),
    }
}

fn operator_state<'a>(bytes: &mut Bytes<'a>) -> Result<Option<State<'a>>> {
    let kind = bytes.u8()?;
    if kind == 0 {
        return Ok(None);
    }
    if kind != 4 && kind != 17 {
        return Err(bytes.malformed("an operator state of unknown kind"));
    }
    let count = bytes.count()?;
    let lists = (0..count).map(|_| list(bytes)).collect::<Result<Vec<_>>>()?;
    if kind == 17 {
        // Merged files: the folders of the merging, and whether the segment is empty.
        bytes.utf()?;
        bytes.utf()?;
        bytes.boolean()?;
    }
    Ok(Some(State { lists, stream: stream(bytes)? }))
}

fn list<'a>(bytes: &mut Bytes<'a>) -> Result<List<'a>> {
    let name = bytes.utf()?;
    if bytes.u8()? > 2 {
        return Err(bytes.malformed("a list of unknown distribution"));
    }
    let count = bytes.count()?;
    let elements = (0..count).map(|_| bytes.size()).collect::<Result<Vec<_>>>()?;
    Ok(List { name, elements })
}

fn stream<'a>(bytes: &mut Bytes<'a>) -> Result<Stream<'a>> {
    match bytes.u8()? {
        0 | 16 => Ok(Stream::Absent),
        1 => {
            bytes.utf()?;
            Ok(Stream::Inline(bytes.block()?))
        }
        2 => {
            let size = bytes.size()?;
            Ok(Stream::File(Part { place: Place::At(bytes.utf()?), start: 0, size, whole: true }))
        }
        6 => {
            let place = Place::Beside(bytes.utf()?);
            Ok(Stream::File(Part { place, start: 0, size: bytes.size()?, whole: true }))
        }
        15 => {
            let (start, size) = (bytes.size()?, bytes.size()?);
            bytes.i32()?;
            let place = Place::At(bytes.utf()?);
            bytes.utf()?;
            Ok(Stream::File(Part { place, start, size, whole: false }))
        }
        _ => Err(bytes.malformed("a state handle of unknown kind")),
    }
}

/// Walks over keyed state, which a source does not have but other operators of the job may.
fn keyed(bytes: &mut Bytes<'_>) -> Result<()> {
    let kind = bytes.u8()?;
    match kind {
        0 => {}
        3 | 7 | 12 => {
            bytes.i32()?;
            for _ in 0..bytes.count()? {
                bytes.i64()?;
            }
            stream(bytes)?;
            if kind == 12 {
                bytes.utf()?;
            }
        }
        5 | 11 => {
            bytes.i64()?;
            bytes.utf()?;
            bytes.i32()?;
            bytes.i32()?;
            if kind == 11 {
                bytes.i64()?;
            }
            stream(bytes)?;
            for _ in ["shared", "private"] {
                for _ in 0..bytes.count()? {
                    bytes.utf()?;
                    stream(bytes)?;
                }
            }
            if kind == 11 {
                bytes.utf()?;
            }
        }
        8 | 9 | 10 | 13 | 14 => return Err(Unreadable::Unsupported { what: "changelog state" }),
        _ => return Err(bytes.malformed("a keyed state of unknown kind")),
    }
    Ok(())
}
