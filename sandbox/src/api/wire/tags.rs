//! Tags.

use super::super::{form::Form, xml::Xml};
use super::Wire;
use crate::region::action::{AddTagsToResource, ListTagsForResource};
use crate::region::{ApiError, Tags};

impl Wire for AddTagsToResource {
    fn read(form: &Form) -> Result<Self, ApiError> {
        Ok(Self { resource: form.need("ResourceName")?, tags: form.tags() })
    }

    fn write((): (), _: &mut Xml) {}
}

impl Wire for ListTagsForResource {
    fn read(form: &Form) -> Result<Self, ApiError> {
        Ok(Self { resource: form.need("ResourceName")? })
    }

    fn write(answer: Tags, xml: &mut Xml) {
        xml.tags(&answer);
    }
}
