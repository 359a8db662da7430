//! Reference paths: places in a document to write to, as in `ResultPath`.

use std::sync::Arc;

use super::path::{InvalidPath, Path, Root, Step};
use crate::text::{Json, Object};

/// A path of names and indexes only.
#[derive(Clone, Debug)]
pub(crate) struct ReferencePath {
    text: Arc<str>,
    steps: Vec<Place>,
}

#[derive(Clone, Debug)]
enum Place {
    Field(Arc<str>),
    Index(usize),
}

impl ReferencePath {
    /// Reads a reference path.
    pub(crate) fn parse(text: &str) -> Result<ReferencePath, InvalidPath> {
        let path = Path::parse(text)?;
        let refuse = |why: &str| Err(InvalidPath(format!("`{text}` is not a reference path: {why}")));
        if path.root != Root::Input {
            return refuse("it does not start at the input");
        }
        let mut steps = Vec::with_capacity(path.steps.len());
        for step in &path.steps {
            steps.push(match step {
                Step::Field(name) if name.ends_with("()") => return refuse("it has a function"),
                Step::Field(name) => Place::Field(name.clone()),
                Step::Index(index) => match usize::try_from(*index) {
                    Ok(index) => Place::Index(index),
                    Err(_) => return refuse("an index is negative"),
                },
                _ => return refuse("it can name more than one place"),
            });
        }
        Ok(ReferencePath { text: path.text, steps })
    }

    /// Whether this is `$`: the document as a whole.
    pub(crate) fn is_root(&self) -> bool {
        self.steps.is_empty()
    }

    /// The document with this value at the path, objects made on the way where there are none.
    pub(crate) fn write(&self, document: &Json, value: Json) -> Result<Json, String> {
        write(document, &self.steps, value)
            .ok_or_else(|| format!("Unable to apply ReferencePath {} to input {document}", self.text))
    }
}

fn write(document: &Json, steps: &[Place], value: Json) -> Option<Json> {
    let Some((step, rest)) = steps.split_first() else {
        return Some(value);
    };
    match (step, document) {
        (Place::Field(name), Json::Object(object)) => {
            let inner = object.get(name).unwrap_or(&Json::Null);
            let inner = write(inner, rest, value)?;
            let mut object = Object::clone(object);
            object.insert(name.clone(), inner);
            Some(object.into())
        }
        (Place::Field(name), Json::Null) => {
            let mut object = Object::new();
            object.insert(name.clone(), write(&Json::Null, rest, value)?);
            Some(object.into())
        }
        (Place::Index(index), Json::Array(items)) => {
            let inner = write(items.get(*index)?, rest, value)?;
            let mut items = items.to_vec();
            items[*index] = inner;
            Some(Json::array(items))
        }
        _ => None,
    }
}
