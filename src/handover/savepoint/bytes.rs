//! A cursor over bytes as Java's `DataOutput` writes them: big endian, strings with a 16-bit length.

use super::Unreadable;

pub(super) type Result<T> = std::result::Result<T, Unreadable>;

pub(super) struct Bytes<'a> {
    data: &'a [u8],
    at: usize,
    /// What these bytes are, for messages.
    what: &'static str,
}

impl<'a> Bytes<'a> {
    pub(super) fn new(data: &'a [u8], what: &'static str) -> Self {
        Self { data, at: 0, what }
    }

    pub(super) fn left(&self) -> &'a [u8] {
        &self.data[self.at..]
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let taken = self.left().get(..count).ok_or(Unreadable::Truncated { what: self.what, at: self.at })?;
        self.at += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(super) fn u8(&mut self) -> Result<u8> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    pub(super) fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(super) fn i32(&mut self) -> Result<i32> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    pub(super) fn i64(&mut self) -> Result<i64> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    /// A number of bytes or of places in a file.
    pub(super) fn size(&mut self) -> Result<u64> {
        u64::try_from(self.i64()?).map_err(|_| self.malformed("a negative size"))
    }

    /// A number of things that follow, each at least one byte long.
    pub(super) fn count(&mut self) -> Result<usize> {
        let count = self.i32()?;
        usize::try_from(count)
            .ok()
            .filter(|count| *count <= self.left().len())
            .ok_or_else(|| self.malformed("a count that its bytes cannot hold"))
    }

    /// Bytes with a 32-bit length before them.
    pub(super) fn block(&mut self) -> Result<&'a [u8]> {
        let length = self.i32()?;
        let length = usize::try_from(length).map_err(|_| self.malformed("a negative length"))?;
        self.take(length)
    }

    pub(super) fn boolean(&mut self) -> Result<bool> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.malformed("a boolean that is neither 0 nor 1")),
        }
    }

    pub(super) fn utf(&mut self) -> Result<&'a str> {
        let length = usize::from(self.u16()?);
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).map_err(|_| self.malformed("a string that is not text"))
    }

    pub(super) fn end(&self) -> Result<()> {
        if self.left().is_empty() { Ok(()) } else { Err(self.malformed("bytes behind its end")) }
    }

    pub(super) fn malformed(&self, found: &'static str) -> Unreadable {
        Unreadable::Malformed { what: self.what, at: self.at, found }
    }
}
