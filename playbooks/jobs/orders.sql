-- One Flink job: two tables of `shop` are copied to a database of their own, kept up by the binary log.
-- The file is the job as it runs today. `upgrade` changes only where its sources begin to read.

SET 'pipeline.name' = 'orders-to-target';
SET 'execution.checkpointing.interval' = '10s';

CREATE TABLE orders_source (
  id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  status STRING,
  total DECIMAL(12, 2),
  updated_at TIMESTAMP(6),
  PRIMARY KEY (id) NOT ENFORCED
) WITH (
  'connector' = 'mysql-cdc',
  'hostname' = 'orders.cluster-c1a2b3c4d5e6.us-east-1.rds.amazonaws.com',
  'port' = '3306',
  'username' = 'cdc',
  'password' = '${secret:CDC_PASSWORD}',
  'database-name' = 'shop',
  'table-name' = 'orders',
  'server-id' = '5400-5403',
  'server-time-zone' = 'UTC'
);

CREATE TABLE customers_source (
  id BIGINT NOT NULL,
  name STRING,
  email STRING,
  PRIMARY KEY (id) NOT ENFORCED
) WITH (
  'connector' = 'mysql-cdc',
  'hostname' = 'orders.cluster-c1a2b3c4d5e6.us-east-1.rds.amazonaws.com',
  'port' = '3306',
  'username' = 'cdc',
  'password' = '${secret:CDC_PASSWORD}',
  'database-name' = 'shop',
  'table-name' = 'customers',
  'server-id' = '5404-5407',
  'server-time-zone' = 'UTC'
);

CREATE TABLE orders_sink (
  id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  status STRING,
  total DECIMAL(12, 2),
  updated_at TIMESTAMP(6),
  PRIMARY KEY (id) NOT ENFORCED
) WITH (
  'connector' = 'jdbc',
  'url' = 'jdbc:mysql://target.internal:3306/shop_copy',
  'table-name' = 'orders',
  'username' = 'sink',
  'password' = '${secret:SINK_PASSWORD}'
);

CREATE TABLE customers_sink (
  id BIGINT NOT NULL,
  name STRING,
  email STRING,
  PRIMARY KEY (id) NOT ENFORCED
) WITH (
  'connector' = 'jdbc',
  'url' = 'jdbc:mysql://target.internal:3306/shop_copy',
  'table-name' = 'customers',
  'username' = 'sink',
  'password' = '${secret:SINK_PASSWORD}'
);

EXECUTE STATEMENT SET BEGIN
  INSERT INTO orders_sink SELECT * FROM orders_source;
  INSERT INTO customers_sink SELECT * FROM customers_source;
END;
