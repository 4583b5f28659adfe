-- The tables of the rehearsal, the same in the source and in the sink.
CREATE DATABASE ${DATABASE} DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE ${DATABASE}.source_table (
  id INT NOT NULL PRIMARY KEY,
  customer_name VARCHAR(100),
  ctime DATETIME
) DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE ${DATABASE}.wide_table (
  id BIGINT NOT NULL PRIMARY KEY,
  tiny TINYINT NOT NULL,
  flag TINYINT(1) NOT NULL,
  tiny_u TINYINT UNSIGNED,
  small SMALLINT,
  small_u SMALLINT UNSIGNED,
  medium MEDIUMINT,
  normal INT,
  normal_u INT UNSIGNED,
  big BIGINT,
  big_u BIGINT UNSIGNED,
  price DECIMAL(18, 4),
  ratio FLOAT,
  factor DOUBLE,
  bit_one BIT(1),
  code CHAR(8),
  name VARCHAR(200),
  note TEXT,
  raw VARBINARY(64),
  picture BLOB,
  day DATE,
  moment TIME,
  happened DATETIME(6),
  stamped TIMESTAMP(3) NULL,
  made YEAR,
  size ENUM('small', 'medium', 'large'),
  tags SET('red', 'green', 'blue'),
  document JSON
) DEFAULT CHARACTER SET utf8mb4;
