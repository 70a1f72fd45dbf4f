//! The files that a spec may point at, wherever they are.

/// The files beside a spec, by path relative to it.
pub trait Files {
    /// The text of a file, or why it cannot be read.
    fn text(&self, path: &str) -> Result<String, String>;

    /// What is in a file that need not be text, or why it cannot be read.
    fn bytes(&self, path: &str) -> Result<Vec<u8>, String> {
        self.text(path).map(String::into_bytes)
    }

    /// The public half of a private key file in OpenSSH's form, `None` where there is no such file, or why it
    /// is no key.
    fn public_key(&self, path: &str) -> Result<Option<String>, String>;
}
