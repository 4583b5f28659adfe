//! Events → one HTML file that needs nothing else: no script, no address, its style within.

use super::{story::Story, template::Template, view::View};

pub(super) fn document(story: &Story) -> String {
    Template::Html.render(&View::of(story))
}
