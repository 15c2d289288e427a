//! Pickles as `torch.save` writes them, and others.

/// A pickle of protocol 2 up to a place.
pub(crate) struct Pickle(pub(crate) Vec<u8>);

/// A view on a storage of so many floats: key, count, first element, extents, strides.
pub(crate) type View<'a> = (&'a str, u32, u32, &'a [u32], &'a [u32]);

impl Pickle {
    pub(crate) fn new() -> Self {
        Self(b"\x80\x02".to_vec())
    }

    /// Appends instructions as they are.
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn text(self, text: &str) -> Self {
        let len = (text.len() as u32).to_le_bytes();
        self.raw(b"X").raw(&len).raw(text.as_bytes())
    }

    pub(crate) fn int(self, number: u32) -> Self {
        self.raw(b"J").raw(&number.to_le_bytes())
    }

    pub(crate) fn global(self, module: &str, name: &str) -> Self {
        self.raw(format!("c{module}\n{name}\n").as_bytes())
    }

    fn ints(self, numbers: &[u32]) -> Self {
        numbers.iter().fold(self.raw(b"("), |pickle, &number| pickle.int(number)).raw(b"t")
    }

    /// Appends a reference to a storage of a class.
    pub(crate) fn storage(self, (module, class): (&str, &str), key: &str, count: u32) -> Self {
        let tag = self.raw(b"(").text("storage").global(module, class);
        tag.text(key).text("cpu").int(count).raw(b"tQ")
    }

    /// Appends a tensor of floats.
    pub(crate) fn tensor(self, (key, count, offset, size, strides): View<'_>) -> Self {
        let call = self.global("torch._utils", "_rebuild_tensor_v2").raw(b"(");
        let call = call.storage(("torch", "FloatStorage"), key, count).int(offset);
        let call = call.ints(size).ints(strides).raw(b"\x89");
        call.global("collections", "OrderedDict").raw(b")RtR")
    }

    /// Appends a dictionary of entries that a function appends.
    pub(crate) fn dict(self, entries: impl FnOnce(Self) -> Self) -> Self {
        entries(self.raw(b"}(")).raw(b"u")
    }

    /// Appends an entry: a key and a tensor of one float, the first of storage 0.
    pub(crate) fn entry(self, key: &str) -> Self {
        self.text(key).tensor(("0", 4, 0, &[1], &[1]))
    }

    /// Appends an entry: a key and a dictionary of such entries.
    pub(crate) fn entries(self, key: &str, keys: &[&str]) -> Self {
        self.text(key).dict(|pickle| keys.iter().fold(pickle, |pickle, key| pickle.entry(key)))
    }

    /// Ends it.
    pub(crate) fn end(self) -> Vec<u8> {
        self.raw(b".").0
    }
}
