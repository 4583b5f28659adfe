//! The catalogue of the pretended servers.

use upgrade::{
    error::Result,
    port::{
        Reply,
        catalogue::{CatalogueRead, Checked, Gentle, Instance, Schema},
        mysql::Address,
    },
};

use super::{Part, World};

impl CatalogueRead for World {
    fn instance<'a>(&'a self, at: &'a Address) -> Reply<'a, Instance> {
        let answer = self.look("mysql", |state| {
            state.reach(Part::Mysql)?;
            Ok(Instance {
                version: state.server_at(&at.host)?.version.clone(),
                schemas: state.catalogue.iter().map(|schema| schema.name.clone()).collect(),
                prepared_xa: Some(Vec::new()),
                ..Instance::default()
            })
        });
        Box::pin(async move { answer })
    }

    fn schemas<'a>(
        &'a self,
        _: &'a Address,
        names: &'a [String],
        _: Gentle,
        each: &'a mut (dyn FnMut(Schema) + Send),
    ) -> Reply<'a, ()> {
        let found: Result<Vec<Schema>> = self.look("mysql", |state| {
            state.reach(Part::Mysql)?;
            Ok(state.catalogue.iter().filter(|schema| names.contains(&schema.name)).cloned().collect())
        });
        Box::pin(async move {
            found?.into_iter().for_each(each);
            Ok(())
        })
    }

    fn check_tables<'a>(&'a self, _: &'a Address, _: &'a [(String, String)], _: Gentle) -> Reply<'a, Vec<Checked>> {
        let answer = self.look("mysql", |state| state.reach(Part::Mysql));
        Box::pin(async move { answer.map(|()| Vec::new()) })
    }
}
