//! Where in a JSON value a check is: a chain on the stack, written out only for an error.

/// The way from the root to a value.
#[derive(Clone, Copy)]
pub struct Pointer<'a> {
    parent: Option<&'a Pointer<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Field(&'a str),
    Item(usize),
}

impl<'a> Pointer<'a> {
    /// The whole value.
    pub const ROOT: Pointer<'static> = Pointer {
        parent: None,
        step: Step::Root,
    };

    /// A field of the object here.
    pub fn field(&'a self, name: &'a str) -> Pointer<'a> {
        Pointer {
            parent: Some(self),
            step: Step::Field(name),
        }
    }

    /// An item of the array here.
    pub fn item(&'a self, index: usize) -> Pointer<'a> {
        Pointer {
            parent: Some(self),
            step: Step::Item(index),
        }
    }

    /// The JSON pointer (RFC 6901), with every name cut to what [`super::shown_name`] allows.
    pub fn render(&self) -> String {
        let mut text = self.parent.map(Pointer::render).unwrap_or_default();
        match self.step {
            Step::Root => {}
            Step::Field(name) => {
                text.push('/');
                text.push_str(
                    &super::shown_name(name)
                        .replace('~', "~0")
                        .replace('/', "~1"),
                );
            }
            Step::Item(index) => text.push_str(&format!("/{index}")),
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_and_tildes_in_names_are_escaped() {
        let root = Pointer::ROOT;
        let field = root.field("a/b~c");
        assert_eq!(field.item(3).render(), "/a~1b~0c/3");
        assert_eq!(root.render(), "");
    }
}
