#include "reports/run_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <utility>

#include "reports/evidence.h"
#include "reports/headline.h"
#include "reports/traffic_stats.h"

namespace stormproof::reports {
namespace {

using base::Result;
using replay::Database;
using replay::Statement;

constexpr const char* schema = R"sql(
CREATE TABLE runs(
  id TEXT PRIMARY KEY, stormproof_version TEXT NOT NULL, scenario_file TEXT NOT NULL, scenario_name TEXT NOT NULL,
  owner TEXT NOT NULL, scenario_text TEXT NOT NULL, seed INTEGER NOT NULL, started_ns INTEGER NOT NULL,
  ended_ns INTEGER NOT NULL, ended_because TEXT NOT NULL, verdict TEXT NOT NULL, variables TEXT NOT NULL,
  digests TEXT NOT NULL) STRICT;
CREATE INDEX runs_by_start ON runs(started_ns);
CREATE TABLE phases(
  run TEXT NOT NULL REFERENCES runs(id), place INTEGER NOT NULL, name TEXT NOT NULL, begin_ns INTEGER NOT NULL,
  end_ns INTEGER NOT NULL, PRIMARY KEY(run, place)) STRICT, WITHOUT ROWID;
CREATE TABLE faults(
  run TEXT NOT NULL REFERENCES runs(id), place INTEGER NOT NULL, rule TEXT NOT NULL, phase TEXT NOT NULL,
  dependency TEXT NOT NULL, effect TEXT NOT NULL, share TEXT NOT NULL, planned INTEGER NOT NULL, fired INTEGER NOT NULL,
  PRIMARY KEY(run, place)) STRICT, WITHOUT ROWID;
CREATE TABLE findings(
  run TEXT NOT NULL REFERENCES runs(id), place INTEGER NOT NULL, expectation TEXT NOT NULL, phase TEXT NOT NULL,
  line INTEGER NOT NULL, verdict TEXT NOT NULL, summary TEXT NOT NULL, evidence TEXT NOT NULL,
  PRIMARY KEY(run, place)) STRICT, WITHOUT ROWID;
CREATE TABLE events(
  run TEXT NOT NULL REFERENCES runs(id), part INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY(run, part)) STRICT;
)sql";

std::int64_t ns_of(Time time) { return time.time_since_epoch().count(); }
Time time_of(std::int64_t ns) { return Time(Nanoseconds(ns)); }

// Makes an empty file where there is none; says what stands there otherwise.
Result<void> look_at(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return base::fail_errno("cannot open the run store " + path, errno);
  constexpr std::string_view sqlite_head("SQLite format 3\0", 16);
  std::array<char, 16> head = {};
  const ssize_t got = ::read(file, head.data(), head.size());
  const int why = errno;
  ::close(file);
  if (got < 0) return base::fail_errno("cannot read the run store " + path, why);
  if (got != 0 && std::string_view(head.data(), static_cast<std::size_t>(got)) != sqlite_head) {
    return base::fail(path + " is not a run store of stormproof: it is not an SQLite file");
  }
  return {};
}

enum class Found { store, empty };

// Reads only: a file that is not ours stays as it is. One statement, so that another process that is just making the
// schema is seen before or after it, never in between.
Result<Found> identify(Database& database) {
  auto marks = database.prepare(
      "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema) "
      "FROM pragma_application_id, pragma_user_version");
  if (!marks) return std::unexpected(marks.error());
  if (const auto row = marks->step(); !row) return std::unexpected(row.error());
  const std::int64_t application = marks->integer(0), version = marks->integer(1), tables = marks->integer(2);
  if (application == 0 && version == 0 && tables == 0) return Found::empty;
  if (application != RunStore::application_id) {
    return base::fail(database.path() + " is not a run store of stormproof: it is an SQLite file of something else");
  }
  if (version > RunStore::schema_version) {
    return base::fail(
        fmt::format("{} was written by a newer stormproof (schema version {}); this one reads up to version {}",
                    database.path(), version, RunStore::schema_version));
  }
  return Found::store;
}

Result<void> make_schema(Database& database) {
  if (const auto begun = database.run("BEGIN IMMEDIATE"); !begun) return begun;
  // Another process may have been quicker.
  const auto found = identify(database);
  Result<void> made;
  if (!found) made = std::unexpected(found.error());
  if (made && *found == Found::empty) {
    made = database.run(schema);
    if (made) made = database.run(fmt::format("PRAGMA application_id={}", RunStore::application_id).c_str());
    if (made) made = database.run(fmt::format("PRAGMA user_version={}", RunStore::schema_version).c_str());
  }
  const auto closed = database.run(made ? "COMMIT" : "ROLLBACK");
  return made ? closed : made;
}

// Asked for once, the file remembers it. While others use the file it may be refused; they work in either mode, and
// whoever opens the file next asks again.
void ask_for_wal(Database& database) {
  auto mode = database.prepare("PRAGMA journal_mode=WAL");
  if (mode) [[maybe_unused]]
    const auto asked = mode->run();
}

template <typename Bind>
Result<void> put(Database& database, std::string_view sql, Bind bind) {
  auto statement = database.prepare(sql);
  if (!statement) return std::unexpected(statement.error());
  bind(*statement);
  return statement->run();
}

// Calls take(row) for each row of `sql`, whose one parameter is the run.
template <typename Take>
Result<void> each_row(Database& database, std::string_view sql, std::string_view run, Take take) {
  auto statement = database.prepare(sql);
  if (!statement) return std::unexpected(statement.error());
  statement->bind_text(1, run);
  for (auto row = statement->step();; row = statement->step()) {
    if (!row) return std::unexpected(row.error());
    if (!*row) return {};
    if (const Result<void> taken = take(*statement); !taken) return taken;
  }
}

std::string text_of(const Statement& row, int column) { return std::string(row.bytes(column)); }

Result<double> number_of(std::string_view text) {
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end != text.data() + text.size())
    return base::fail("'" + std::string(text) + "' is not a number");
  return number;
}

Result<RunSummary> summary_of(const Statement& row) {
  const auto verdict = verdict_of(row.bytes(5));
  if (!verdict) return std::unexpected(verdict.error());
  return RunSummary{text_of(row, 0),         text_of(row, 1), time_of(row.integer(2)),
                    time_of(row.integer(3)), text_of(row, 4), *verdict};
}

}  // namespace

Result<RunStore> RunStore::open(const std::string& path) {
  if (const auto looked = look_at(path); !looked) return std::unexpected(looked.error());
  auto database = Database::open(path, Database::Mode::write);
  if (!database) return std::unexpected(database.error());
  const std::string patience = fmt::format("PRAGMA busy_timeout={}", busy_wait.count());
  if (const auto set = database->run(patience.c_str()); !set) return std::unexpected(set.error());
  const auto found = identify(*database);
  if (!found) return std::unexpected(found.error());
  if (*found == Found::empty) {
    if (const auto made = make_schema(*database); !made) return std::unexpected(made.error());
  }
  ask_for_wal(*database);
  return RunStore(std::move(*database));
}

Result<void> RunStore::save(const RunRecord& record) {
  const auto most = std::max({record.log.exchanges.size(), record.log.faults.size(), record.log.marks.size()});
  if (most > events::log_events_max) {
    return base::fail(fmt::format("the run {} has {} events; a run store takes up to {} a run", record.id, most,
                                  events::log_events_max));
  }
  if (const auto begun = database_.run("BEGIN IMMEDIATE"); !begun) return begun;
  const auto saved = insert(record);
  const auto closed = database_.run(saved ? "COMMIT" : "ROLLBACK");
  return saved ? closed : saved;
}

Result<void> RunStore::insert(const RunRecord& record) {
  bool taken = false;
  auto done =
      each_row(database_, "SELECT 1 FROM runs WHERE id=?", record.id, [&taken](const Statement&) -> Result<void> {
        taken = true;
        return {};
      });
  if (taken)
    return base::fail(fmt::format("{} holds a run {} already; it stays as it is", database_.path(), record.id));
  if (done) done = insert_run(record);
  if (done) done = insert_phases(record);
  if (done) done = insert_faults(record);
  if (done) done = insert_findings(record);
  if (done) done = insert_events(record);
  return done;
}

Result<void> RunStore::insert_run(const RunRecord& record) {
  const std::string variables = json_of(record.variables);
  const std::string digests = json_of(record.digests);
  return put(database_, "INSERT INTO runs VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)", [&](Statement& row) {
    row.bind_text(1, record.id).bind_text(2, record.stormproof_version).bind_text(3, record.scenario_file);
    row.bind_text(4, record.scenario_name).bind_text(5, record.owner).bind_text(6, record.scenario_text);
    row.bind(7, std::bit_cast<std::int64_t>(record.seed)).bind(8, ns_of(record.started)).bind(9, ns_of(record.ended));
    row.bind_text(10, record.ended_because).bind_text(11, verify::to_string(headline(record).verdict));
    row.bind_text(12, variables).bind_text(13, digests);
  });
}

// For whoever asks the file in SQL: load() reads phases and firings from the events.
Result<void> RunStore::insert_phases(const RunRecord& record) {
  std::int64_t place = 0;
  for (const PhaseStats& phase : phases_of(record)) {
    const auto done = put(database_, "INSERT INTO phases VALUES(?,?,?,?,?)", [&](Statement& row) {
      row.bind_text(1, record.id)
          .bind(2, place++)
          .bind_text(3, phase.name)
          .bind(4, ns_of(phase.begin))
          .bind(5, ns_of(phase.end));
    });
    if (!done) return done;
  }
  return {};
}

Result<void> RunStore::insert_faults(const RunRecord& record) {
  std::int64_t place = 0;
  for (const FaultStats& fault : traffic_stats(record).faults) {
    const bool planned = static_cast<std::size_t>(place) < record.planned_faults.size();
    const std::string share = fmt::format("{}", fault.rule.share);
    const auto done = put(database_, "INSERT INTO faults VALUES(?,?,?,?,?,?,?,?,?)", [&](Statement& row) {
      row.bind_text(1, record.id).bind(2, place++).bind_text(3, fault.rule.rule).bind_text(4, fault.rule.phase);
      row.bind_text(5, fault.rule.on).bind_text(6, fault.rule.effect).bind_text(7, share);
      row.bind(8, planned ? 1 : 0).bind(9, static_cast<std::int64_t>(fault.fired));
    });
    if (!done) return done;
  }
  return {};
}

Result<void> RunStore::insert_findings(const RunRecord& record) {
  std::int64_t place = 0;
  for (const verify::Finding& finding : record.findings) {
    const std::string evidence = evidence_of(finding);
    const auto done = put(database_, "INSERT INTO findings VALUES(?,?,?,?,?,?,?,?)", [&](Statement& row) {
      row.bind_text(1, record.id).bind(2, place++).bind_text(3, finding.expectation).bind_text(4, finding.phase);
      row.bind(5, finding.line)
          .bind_text(6, verify::to_string(finding.verdict))
          .bind_text(7, finding.summary)
          .bind_text(8, evidence);
    });
    if (!done) return done;
  }
  return {};
}

Result<void> RunStore::insert_events(const RunRecord& record) {
  const std::string bytes = events::encode(record.log);
  if (bytes.size() > log_bytes_max) {
    return base::fail(fmt::format("the events of run {} take {} bytes; a run store takes up to {}", record.id,
                                  bytes.size(), log_bytes_max));
  }
  for (std::size_t from = 0; from < bytes.size(); from += part_bytes_max) {
    const auto done = put(database_, "INSERT INTO events VALUES(?,?,?)", [&](Statement& row) {
      row.bind_text(1, record.id).bind(2, static_cast<std::int64_t>(from / part_bytes_max));
      row.bind_blob(3, std::string_view(bytes).substr(from, part_bytes_max));
    });
    if (!done) return done;
  }
  return {};
}

Result<RunRecord> RunStore::load(std::string_view id) {
  RunRecord record;
  record.id = id;
  auto done = load_run(record);
  if (done) done = load_faults(record);
  if (done) done = load_findings(record);
  if (done) done = load_events(record);
  if (!done) return std::unexpected(done.error());
  return record;
}

Result<void> RunStore::load_run(RunRecord& record) {
  bool found = false;
  const auto done =
      each_row(database_, "SELECT * FROM runs WHERE id=?", record.id, [&](const Statement& row) -> Result<void> {
        found = true;
        record.stormproof_version = text_of(row, 1);
        record.scenario_file = text_of(row, 2);
        record.scenario_name = text_of(row, 3);
        record.owner = text_of(row, 4);
        record.scenario_text = text_of(row, 5);
        record.seed = std::bit_cast<std::uint64_t>(row.integer(6));
        record.started = time_of(row.integer(7));
        record.ended = time_of(row.integer(8));
        record.ended_because = text_of(row, 9);
        auto variables = read_values(row.bytes(11));
        if (!variables) return std::unexpected(variables.error());
        auto digests = read_values(row.bytes(12));
        if (!digests) return std::unexpected(digests.error());
        record.variables = std::move(*variables);
        record.digests = std::move(*digests);
        return {};
      });
  if (done && !found) return base::fail(fmt::format("{} holds no run '{}'", database_.path(), record.id));
  return done;
}

Result<void> RunStore::load_faults(RunRecord& record) {
  constexpr std::string_view sql =
      "SELECT rule, phase, dependency, effect, share FROM faults WHERE run=? AND planned ORDER BY place";
  return each_row(database_, sql, record.id, [&](const Statement& row) -> Result<void> {
    const auto share = number_of(row.bytes(4));
    if (!share) return std::unexpected(share.error());
    record.planned_faults.push_back({text_of(row, 0), text_of(row, 1), text_of(row, 2), text_of(row, 3), *share});
    return {};
  });
}

Result<void> RunStore::load_findings(RunRecord& record) {
  constexpr std::string_view sql =
      "SELECT expectation, phase, line, verdict, summary, evidence FROM findings WHERE run=? ORDER BY place";
  return each_row(database_, sql, record.id, [&](const Statement& row) -> Result<void> {
    const auto verdict = verdict_of(row.bytes(3));
    if (!verdict) return std::unexpected(verdict.error());
    verify::Finding finding;
    finding.expectation = text_of(row, 0);
    finding.phase = text_of(row, 1);
    finding.line = static_cast<int>(row.integer(2));
    finding.verdict = *verdict;
    finding.summary = text_of(row, 4);
    if (const auto read = read_evidence(row.bytes(5), finding); !read) return read;
    record.findings.push_back(std::move(finding));
    return {};
  });
}

Result<void> RunStore::load_events(RunRecord& record) {
  std::string bytes;
  const auto done = each_row(
      database_, "SELECT bytes FROM events WHERE run=? ORDER BY part", record.id,
      [&](const Statement& row) -> Result<void> {
        bytes += row.bytes(0);
        if (bytes.size() > log_bytes_max)
          return base::fail(fmt::format("the events of run {} are larger than {} bytes", record.id, log_bytes_max));
        return {};
      });
  if (!done) return done;
  auto log = events::decode(bytes);
  if (!log) return base::fail(fmt::format("run {} of {}: {}", record.id, database_.path(), log.error().message));
  record.log = std::move(*log);
  return {};
}

Result<RunRecord> RunStore::latest() {
  const auto runs = list();
  if (!runs) return std::unexpected(runs.error());
  if (runs->empty()) return base::fail(database_.path() + " holds no run yet");
  return load(runs->front().id);
}

Result<std::vector<RunSummary>> RunStore::list() {
  auto rows = database_.prepare(
      "SELECT id, scenario_name, started_ns, ended_ns, ended_because, verdict FROM runs ORDER BY started_ns DESC, "
      "rowid DESC");
  if (!rows) return std::unexpected(rows.error());
  std::vector<RunSummary> runs;
  for (auto row = rows->step();; row = rows->step()) {
    if (!row) return std::unexpected(row.error());
    if (!*row) return runs;
    auto run = summary_of(*rows);
    if (!run) return std::unexpected(run.error());
    runs.push_back(std::move(*run));
  }
}

}  // namespace stormproof::reports
