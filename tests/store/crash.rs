//! Stores and the processes that use them: what was confirmed survives a process that is killed,
//! and of two processes that exchange one code exactly one wins.

use crate::support::stores::{Folder, NOW, Schema, code, grant, sqlite, token};
use onec_mcp::auth::Digest;
use onec_mcp::auth::store::{Exchange, PostgresStore, SqliteStore, TokenKind, TokenStore};
use secrecy::SecretString;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::{env, io};
use tokio::task::JoinSet;

const STORE: &str = "ONEC_MCP_TEST_STORE";

/// This program again, as one of the two tests of `own_process`, which are no tests.
struct Process(Child);

impl Process {
    fn start(part: &str, store: &str) -> (Self, ChildStdin, BufReader<ChildStdout>) {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--ignored", "--exact", "--nocapture", &format!("crash::own_process_{part}")]).env(STORE, store);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        (Self(child), input, BufReader::new(output))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn say(line: &str) {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}").unwrap();
    output.flush().unwrap();
}

/// The next line that begins with this word: what follows it.
fn hear(output: &mut impl BufRead, word: &str) -> String {
    loop {
        let mut line = String::new();
        assert!(output.read_line(&mut line).unwrap() > 0, "the process has ended before it said {word}");
        // The test harness begins a line of its own before what the process says.
        if let Some((_, rest)) = line.split_once(word) {
            return rest.trim().to_owned();
        }
    }
}

/// Stores tokens as fast as it can and says so after each.
async fn write<S: TokenStore>(store: S) {
    for turn in 0..100_000 {
        let (id, code_text) = (format!("g{turn}"), format!("code{turn}"));
        store.put_grant(grant(&id, "anna"), vec![code(&code_text, &id)]).await.unwrap();
        let text = format!("token{turn}");
        let successor = token(&text, &id, TokenKind::Access, NOW + 60);
        store.exchange(&Digest::of(&code_text), vec![successor], NOW, 0).await.unwrap();
        say(&format!("stored {text}"));
    }
}

/// Exchanges one code fifty times at once and says how often it won.
async fn redeem<S: TokenStore>(store: S) {
    say("ready");
    io::stdin().read_line(&mut String::new()).unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        let store = store.clone();
        tasks.spawn(async move { store.exchange(&Digest::of("code"), Vec::new(), NOW, 0).await.unwrap() });
    }
    let ended = tasks.join_all().await;
    say(&format!("won {}", ended.iter().filter(|end| **end == Exchange::Done).count()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "runs in a process of its own"]
async fn own_process_writes() {
    match env::var(STORE).unwrap() {
        url if url.starts_with("postgres:") => {
            write(PostgresStore::connect(&SecretString::from(url)).await.unwrap()).await
        }
        path => write(SqliteStore::open(path).await.unwrap()).await,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "runs in a process of its own"]
async fn own_process_redeems() {
    match env::var(STORE).unwrap() {
        url if url.starts_with("postgres:") => {
            redeem(PostgresStore::connect(&SecretString::from(url)).await.unwrap()).await
        }
        path => redeem(SqliteStore::open(path).await.unwrap()).await,
    }
}

/// Starts the writer, kills it, and gives what it has confirmed.
fn kill_a_writer(store: &str) -> Vec<String> {
    let (mut process, _input, mut output) = Process::start("writes", store);
    let mut stored: Vec<String> = (0..30).map(|_| hear(&mut output, "stored ")).collect();
    // SIGKILL, wherever it is.
    process.0.kill().unwrap();
    process.0.wait().unwrap();
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    let whole = rest.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    stored.extend(whole.filter_map(|line| line.trim().strip_prefix("stored ")).map(str::to_owned));
    stored
}

async fn all_are_there<S: TokenStore>(store: &S, stored: &[String]) {
    assert!(stored.len() >= 30);
    for text in stored {
        assert!(store.find(&Digest::of(text)).await.unwrap().is_some(), "{text} is lost");
    }
    // And it goes on.
    store.put_grant(grant("after", "anna"), vec![code("after", "after")]).await.unwrap();
}

#[tokio::test]
async fn sqlite_loses_nothing_when_its_process_is_killed() {
    let folder = Folder::new();
    let stored = kill_a_writer(folder.database().to_str().unwrap());
    all_are_there(&sqlite(&folder).await, &stored).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: ONEC_MCP_TEST_POSTGRES"]
async fn postgres_loses_nothing_when_a_gateway_is_killed() {
    let schema = Schema::new().await;
    let stored = kill_a_writer(&schema.url);
    all_are_there(&schema.store().await, &stored).await;
    schema.remove().await;
}

async fn one_process_wins<S: TokenStore>(store: &S, name: &str) {
    for _ in 0..2 {
        store.revoke_grant("g").await.unwrap();
        store.put_grant(grant("g", "anna"), vec![code("code", "g")]).await.unwrap();
        let mut two = [Process::start("redeems", name), Process::start("redeems", name)];
        for (_, _, output) in &mut two {
            hear(output, "ready");
        }
        for (_, input, _) in &mut two {
            input.write_all(b"go\n").unwrap();
        }
        let won: u32 = two.iter_mut().map(|(_, _, output)| hear(output, "won ").parse::<u32>().unwrap()).sum();
        assert_eq!(won, 1);
        assert_eq!(store.find(&Digest::of("code")).await.unwrap(), None, "the losers have not revoked the grant");
    }
}

#[tokio::test]
async fn two_processes_on_one_file() {
    let folder = Folder::new();
    one_process_wins(&sqlite(&folder).await, folder.database().to_str().unwrap()).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: ONEC_MCP_TEST_POSTGRES"]
async fn two_gateways_on_one_postgres() {
    let schema = Schema::new().await;
    one_process_wins(&schema.store().await, &schema.url).await;
    schema.remove().await;
}
