//! [`Engine`]: a separate Redis or Valkey, on loopback.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A Redis or Valkey server for one test. It is killed when the value is dropped.
pub(crate) struct Engine {
    program: String,
    arguments: Vec<String>,
    directory: PathBuf,
    pub(crate) port: u16,
    child: Option<Child>,
}

impl Engine {
    /// Starts `redis-server`, or the program that `REDIS_SERVER` names.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let program = std::env::var("REDIS_SERVER").unwrap_or_else(|_| "redis-server".to_owned());
        let port = free_port();
        let directory = std::env::temp_dir().join(format!("tower-cache-policy-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let arguments = arguments.iter().map(ToString::to_string).collect();
        let mut engine = Self { program, arguments, directory, port, child: None };
        engine.restart();
        engine
    }

    /// Starts the engine again, without data.
    pub(crate) fn restart(&mut self) {
        self.kill();
        let child = Command::new(&self.program)
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--dir", &self.directory.display().to_string()])
            .args(&self.arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let child = child.unwrap_or_else(|error| {
            panic!("cannot start {} ({error}): install redis-server, or name a program in REDIS_SERVER", self.program)
        });
        self.child = Some(child);
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(10), "{} does not listen", self.program);
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Stops the process (`SIGSTOP`), or lets it continue.
    pub(crate) fn set_stopped(&self, is_stopped: bool) {
        let pid = self.child.as_ref().unwrap().id().to_string();
        let signal = if is_stopped { "-STOP" } else { "-CONT" };
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn client(&self) -> redis::Connection {
        redis::Client::open(self.url()).unwrap().get_connection().unwrap()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.kill();
        _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Returns a free port that is low enough for the cluster bus port, which is 10,000 higher.
pub(crate) fn free_port() -> u16 {
    let port = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    std::iter::repeat_with(port).find(|port| *port < 55_536).unwrap()
}
