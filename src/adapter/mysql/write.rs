//! The few statements that change something.

use futures_util::FutureExt as _;

use super::Mysql;
use crate::port::{
    Reply,
    mysql::{Address, MysqlWrite},
};

impl MysqlWrite for Mysql {
    fn retain_logs<'a>(&'a self, at: &'a Address, hours: u32) -> Reply<'a, ()> {
        async move {
            let mut session = self.session_to_write(at).await?;
            session.write(&format!("CALL mysql.rds_set_configuration('binlog retention hours', {hours})")).await?;
            session.close().await;
            Ok(())
        }
        .boxed()
    }
}
