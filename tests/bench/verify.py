"""The runs of tests/bench/verify: two servers, one table, and whoever compares it."""

import glob
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import pymysql

COLUMNS = "id, name, state, amount, note, made, seen, qty"
ROW = f"CONCAT_WS('#', {COLUMNS}, CONCAT(ISNULL(note), ISNULL(seen), ISNULL(qty)))"
HALF = "BIT_XOR(CAST(CONV({}(MD5(" + ROW + "), 16), 16, 10) AS UNSIGNED))"
PASSES = {
    "crc32": f"SELECT COUNT(*), BIT_XOR(CRC32({ROW})) FROM bench.t",
    "md5": f"SELECT COUNT(*), {HALF.format('LEFT')}, {HALF.format('RIGHT')} FROM bench.t",
}
TABLE = """CREATE TABLE bench.t (
  id BIGINT UNSIGNED NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL, state ENUM('new','paid','sent','done') NOT NULL,
  amount DECIMAL(12,2) NOT NULL, note VARCHAR(255), made DATETIME NOT NULL, seen TIMESTAMP NULL, qty INT, KEY (name)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"""
FILL = """INSERT INTO bench.t SELECT x, CONCAT('customer ', MD5(x)), ELT(1 + x % 4, 'new', 'paid', 'sent', 'done'),
  (x * 37 % 100000000) / 100, IF(x % 5 = 0, NULL, CONCAT('note ', SHA1(x))), '2020-01-01' + INTERVAL x SECOND,
  IF(x % 7 = 0, NULL, '2021-01-01 00:00:01' + INTERVAL x SECOND), IF(x % 11 = 0, NULL, x % 1000)
  FROM (SELECT {start} + a.i + b.i * 10 + c.i * 100 + d.i * 1000 + 1 AS x
        FROM bench.d a, bench.d b, bench.d c, bench.d d) numbers ORDER BY x"""
USER, PASSWORD = "bench", "canary-bench"


class Server:
    """A mysqld of its own on a free port."""

    def __init__(self, base, folder):
        self.folder, data = folder, os.path.join(folder, "data")
        os.makedirs(folder)
        command = [os.path.join(base, "bin/mysqld"), "--no-defaults", f"--basedir={base}", f"--datadir={data}"]
        if os.getuid() == 0:
            command.append("--user=root")
        subprocess.run([*command, "--initialize-insecure"], check=True, stderr=subprocess.DEVNULL)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command += [f"--port={self.port}", "--bind-address=127.0.0.1", f"--socket={folder}/s", "--skip-log-bin",
                    "--innodb-buffer-pool-size=1G", "--innodb-flush-log-at-trx-commit=2"]
        if "8.0" in base:
            command += ["--mysqlx=OFF", "--default-authentication-plugin=mysql_native_password"]
        self.process = subprocess.Popen(command, stderr=open(f"{folder}/log", "wb"))
        self.await_it()

    def await_it(self):
        limit = time.monotonic() + 120
        while True:
            try:
                with self.connect("root", "") as admin:
                    cursor = admin.cursor()
                    cursor.execute(f"CREATE USER {USER}@'%' IDENTIFIED WITH mysql_native_password BY '{PASSWORD}'")
                    cursor.execute(f"GRANT ALL ON *.* TO {USER}@'%'")
                    return
            except pymysql.err.OperationalError:
                if self.process.poll() is not None or time.monotonic() > limit:
                    raise
                time.sleep(0.1)

    def connect(self, user=USER, password=PASSWORD):
        return pymysql.connect(host="127.0.0.1", port=self.port, user=user, password=password, autocommit=True,
                               charset="utf8mb4", init_command="SET time_zone = '+00:00'")

    def fill(self, rows):
        cursor = self.connect().cursor()
        for statement in ["DROP DATABASE IF EXISTS bench", "CREATE DATABASE bench", TABLE,
                          "CREATE TABLE bench.d (i INT PRIMARY KEY)",
                          "INSERT INTO bench.d VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)"]:
            cursor.execute(statement)
        for start in range(0, rows, 10_000):
            cursor.execute(FILL.format(start=start))
        cursor.execute("ANALYZE TABLE bench.t")

    def stop(self):
        self.process.terminate()
        self.process.wait()


def together(servers, what):
    threads = [threading.Thread(target=what, args=(server,)) for server in servers]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]


def single_pass(servers, hash_name):
    def ask(server):
        cursor = server.connect().cursor()
        cursor.execute(PASSES[hash_name])
        cursor.fetchall()
    together(servers, ask)


def playbook(folder, servers, hash_name):
    path = os.path.join(folder, f"{hash_name}.yaml")
    with open(path, "w") as file:
        file.write(f"""version: 1
name: bench-{hash_name}
mysql: {{ user: {USER}, password: {{ env: BENCH_PASSWORD }}, tls: disabled }}
steps:
  - verify_data:
      hash: {hash_name}
      pairs:
        - source: {{ host: 127.0.0.1, port: {servers[0].port}, table: bench.t }}
          sink: {{ host: 127.0.0.1, port: {servers[1].port}, table: bench.t }}
""")
    return path


def command(arguments, watched):
    """Runs it. Watched, it tells the most memory it took, in MiB."""
    with open(os.devnull, "w") as nowhere, tempfile.TemporaryFile() as said:
        process = subprocess.Popen(arguments, stdout=nowhere, stderr=said, env={**os.environ, "BENCH_PASSWORD": PASSWORD})
        most = 0
        while watched and process.poll() is None:
            most = resident(process.pid) or most
            time.sleep(0.005)
        if process.wait() != 0:
            said.seek(0)
            sys.exit(f"{arguments[0]}: exit {process.returncode}\n{said.read().decode()}")
    return most


def resident(pid):
    """High-water mark of its memory; what the fork had before it became another program is not in it."""
    try:
        with open(f"/proc/{pid}/status") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return None


def contenders(upgrade, folder, servers):
    one, other = servers
    books = {name: playbook(folder, servers, name) for name in PASSES}
    mine = lambda name, watched: command([upgrade, "run", books[name], "--new-run", "--quiet"], watched)
    dsn = lambda server: f"h=127.0.0.1,P={server.port},u={USER},p={PASSWORD},D=bench,t=t"
    url = lambda server: f"mysql://{USER}:{PASSWORD}@127.0.0.1:{server.port}/bench"
    return {
        "single pass, crc32": lambda _: single_pass(servers, "crc32"),
        "verify_data, crc32": lambda watched: mine("crc32", watched),
        "single pass, md5": lambda _: single_pass(servers, "md5"),
        "verify_data, md5": lambda watched: mine("md5", watched),
        "pt-table-sync --print": lambda watched: command(
            ["pt-table-sync", "--print", "--nocheck-slave", "--notransaction", "--no-check-triggers", dsn(one), dsn(other)], watched),
        "reladiff": lambda watched: command(
            ["reladiff", url(one), "t", url(other), "t", "-k", "id", *sum((["-c", c] for c in COLUMNS.split(", ")[1:]), [])], watched),
    }


def main():
    upgrade = os.path.abspath(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    sizes = [int(rows) for rows in sys.argv[3:]] or [100_000, 1_000_000]
    cache = os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "upgrade-sandbox/*")
    folder, servers = tempfile.mkdtemp(), []
    try:
        for version in ["5.7.22", "8.0.15"]:
            [base] = glob.glob(f"{cache}/mysql-{version}")
            servers.append(Server(base, os.path.join(folder, version)))
        for rows in sizes:
            together(servers, lambda server: server.fill(rows))
            runs = contenders(upgrade, folder, servers)
            took, memory = {name: [] for name in runs}, {}
            for round_number in range(rounds + 1):
                for name, run in runs.items():
                    begin = time.monotonic()
                    # The first round warms up, and is watched.
                    most = run(round_number == 0)
                    if round_number:
                        took[name].append(time.monotonic() - begin)
                    memory[name] = max(memory.get(name) or 0, most or 0)
            print(f"\n{rows} rows{'':<17} {'min':>8} {'median':>8} {'max':>8} {'to pass':>8} {'MiB':>6}")
            for name, seconds in took.items():
                base = statistics.median(took[f"single pass, {'md5' if 'md5' in name else 'crc32'}"])
                print(f"{name:<24} {min(seconds):8.2f} {statistics.median(seconds):8.2f} {max(seconds):8.2f} "
                      f"{statistics.median(seconds) / base:8.2f} {memory[name]:6.0f}")
    finally:
        for server in servers:
            server.stop()
        shutil.rmtree(folder)


main()
