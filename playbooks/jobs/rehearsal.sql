-- The CDC job of the rehearsal: two tables of the source, kept equal in the sink by one Flink job.
SET 'pipeline.name' = 'rehearsal';
SET 'execution.checkpointing.interval' = '1 s';
SET 'execution.checkpointing.mode' = 'EXACTLY_ONCE';

CREATE TABLE source_table (
  id INT,
  customer_name STRING,
  ctime TIMESTAMP(0),
  PRIMARY KEY (id) NOT ENFORCED
) WITH (
  'connector' = 'mysql-cdc',
  'hostname' = '${SOURCE_HOST}',
  'port' = '${SOURCE_PORT}',
  'username' = 'cdc',
  'password' = '${secret:CDC_PASSWORD}',
  'database-name' = 'source',
  'table-name' = 'source_table',
  'server-id' = '5501',
  'server-time-zone' = 'UTC',
  'heartbeat.interval' = '5 s',
  'jdbc.properties.useSSL' = 'false'
);

CREATE TABLE sink_table (
  id INT,
  customer_name STRING,
  ctime TIMESTAMP(0),
  PRIMARY KEY (id) NOT ENFORCED
) WITH (
  'connector' = 'jdbc',
  'url' = 'jdbc:mysql://${SINK_HOST}:${SINK_PORT}/target?useSSL=false&connectionTimeZone=UTC&characterEncoding=UTF-8',
  'username' = 'sink',
  'password' = '${secret:SINK_PASSWORD}',
  'table-name' = 'source_table'
);

CREATE TABLE wide_source (
  id BIGINT,
  tiny TINYINT,
  flag TINYINT,
  tiny_u SMALLINT,
  small SMALLINT,
  small_u INT,
  medium INT,
  normal INT,
  normal_u BIGINT,
  big BIGINT,
  big_u DECIMAL(20, 0),
  price DECIMAL(18, 4),
  ratio FLOAT,
  factor DOUBLE,
  bit_one BOOLEAN,
  code STRING,
  name STRING,
  note STRING,
  `raw` BYTES,
  picture BYTES,
  `day` DATE,
  moment TIME(0),
  happened TIMESTAMP(6),
  stamped TIMESTAMP(3),
  made INT,
  size STRING,
  tags STRING,
  document STRING,
  PRIMARY KEY (id) NOT ENFORCED
) WITH (
  'connector' = 'mysql-cdc',
  'hostname' = '${SOURCE_HOST}',
  'port' = '${SOURCE_PORT}',
  'username' = 'cdc',
  'password' = '${secret:CDC_PASSWORD}',
  'database-name' = 'source',
  'table-name' = 'wide_table',
  'server-id' = '5502',
  'server-time-zone' = 'UTC',
  'heartbeat.interval' = '5 s',
  'jdbc.properties.useSSL' = 'false'
);

CREATE TABLE wide_sink (
  id BIGINT,
  tiny TINYINT,
  flag TINYINT,
  tiny_u SMALLINT,
  small SMALLINT,
  small_u INT,
  medium INT,
  normal INT,
  normal_u BIGINT,
  big BIGINT,
  big_u DECIMAL(20, 0),
  price DECIMAL(18, 4),
  ratio FLOAT,
  factor DOUBLE,
  bit_one BOOLEAN,
  code STRING,
  name STRING,
  note STRING,
  `raw` BYTES,
  picture BYTES,
  `day` DATE,
  moment TIME(0),
  happened TIMESTAMP(6),
  stamped TIMESTAMP(3),
  made INT,
  size STRING,
  tags STRING,
  document STRING,
  PRIMARY KEY (id) NOT ENFORCED
) WITH (
  'connector' = 'jdbc',
  'url' = 'jdbc:mysql://${SINK_HOST}:${SINK_PORT}/target?useSSL=false&connectionTimeZone=UTC&characterEncoding=UTF-8',
  'username' = 'sink',
  'password' = '${secret:SINK_PASSWORD}',
  'table-name' = 'wide_table'
);

EXECUTE STATEMENT SET BEGIN
  INSERT INTO sink_table SELECT * FROM source_table;
  INSERT INTO wide_sink SELECT * FROM wide_source;
END;
