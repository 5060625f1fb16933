#include "reports/run_store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "reports/json.h"
#include "tests/reports/sample_run.h"
#include "tests/support/temp_dir.h"

namespace stormproof::reports {
namespace {

using ::testing::HasSubstr;

class RunStoreTest : public ::testing::Test {
 protected:
  std::string path() const { return (folder_.path() / "stormproof.db").string(); }
  RunStore open() {
    auto store = RunStore::open(path());
    EXPECT_TRUE(store) << store.error().to_string();
    return std::move(*store);
  }
  // Runs SQL on the file as another program would.
  void change(const char* sql) {
    auto database = replay::Database::open(path(), replay::Database::Mode::write);
    ASSERT_TRUE(database);
    const auto done = database->run(sql);
    ASSERT_TRUE(done) << done.error().message;
  }
  std::string bytes() const {
    std::ifstream file(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  support::TempDir folder_;
};

void expect_equal(const RunRecord& a, const RunRecord& b) {
  const auto plain = [](const RunRecord& r) {
    return std::tie(r.id, r.stormproof_version, r.scenario_file, r.scenario_text, r.scenario_name, r.owner, r.seed,
                    r.started, r.ended, r.ended_because, r.variables, r.digests, r.planned_faults);
  };
  EXPECT_TRUE(plain(a) == plain(b));
  EXPECT_TRUE(a.findings == b.findings);
  ASSERT_EQ(a.log.names.size(), b.log.names.size());
  for (events::NameId id = 0; id < a.log.names.size(); ++id)
    EXPECT_EQ(a.log.names.name_of(id), b.log.names.name_of(id));
  EXPECT_TRUE(a.log.exchanges == b.log.exchanges);
  EXPECT_TRUE(a.log.faults == b.log.faults);
  EXPECT_TRUE(a.log.marks == b.log.marks);
}

TEST_F(RunStoreTest, GivesBackWhatItTook) {
  RunStore store = open();
  std::vector<RunRecord> records;
  records.push_back(sample_run(Sample::violated));
  records.push_back(hostile_run());
  RunRecord empty;
  empty.id = "empty";
  empty.planned_faults = {{"r", "p", "d", "e", 1.0 / 3}};
  records.push_back(std::move(empty));
  for (const RunRecord& record : records) ASSERT_TRUE(store.save(record));
  for (const RunRecord& record : records) {
    const auto loaded = store.load(record.id);
    ASSERT_TRUE(loaded) << loaded.error().to_string();
    expect_equal(record, *loaded);
    EXPECT_EQ(render_json(record), render_json(*loaded)) << "byte for byte";
  }
}

TEST_F(RunStoreTest, OutlivesItsProcess) {
  ASSERT_TRUE(open().save(sample_run(Sample::holds)));
  const auto loaded = open().latest();
  ASSERT_TRUE(loaded);
  expect_equal(sample_run(Sample::holds), *loaded);
}

TEST_F(RunStoreTest, ListsTheLatestFirst) {
  RunStore store = open();
  ASSERT_TRUE(store.list());
  EXPECT_TRUE(store.list()->empty());
  EXPECT_THAT(store.latest().error().message, HasSubstr("holds no run yet"));
  RunRecord old = sample_run(Sample::violated);
  old.id = "old";
  old.started -= std::chrono::hours(1);
  RunRecord recent = sample_run(Sample::holds);
  ASSERT_TRUE(store.save(recent));
  ASSERT_TRUE(store.save(old));
  const auto runs = store.list();
  ASSERT_TRUE(runs);
  ASSERT_EQ(runs->size(), 2U);
  EXPECT_EQ(runs->at(0), (RunSummary{recent.id, recent.scenario_name, recent.started, recent.ended, "completed",
                                     verify::Verdict::holds}));
  EXPECT_EQ(runs->at(1).verdict, verify::Verdict::violated);
  EXPECT_EQ(store.latest()->id, recent.id);
}

TEST_F(RunStoreTest, OverwritesNothing) {
  RunStore store = open();
  ASSERT_TRUE(store.save(sample_run(Sample::holds)));
  const auto again = store.save(sample_run(Sample::violated));
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message, HasSubstr("holds a run 20261123-093600-4f2a already"));
  EXPECT_EQ(store.list()->size(), 1U);
  expect_equal(sample_run(Sample::holds), *store.load("20261123-093600-4f2a"));
}

TEST_F(RunStoreTest, SaysThatARunIsNotThere) {
  EXPECT_THAT(open().load("20990101-000000-0000").error().message, HasSubstr("holds no run '20990101-000000-0000'"));
}

TEST_F(RunStoreTest, RefusesANewerSchemaAndLeavesIt) {
  {
    const RunStore store = open();
  }
  change("PRAGMA user_version=2");
  const std::string before = bytes();
  const auto refused = RunStore::open(path());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              HasSubstr("was written by a newer stormproof (schema version 2); this one reads up to version 1"));
  EXPECT_EQ(bytes(), before);
}

TEST_F(RunStoreTest, RefusesWhatIsNotOursAndLeavesIt) {
  std::ofstream(path()) << "version: 1\nname: a scenario, not a store\n";
  EXPECT_THAT(RunStore::open(path()).error().message,
              HasSubstr("is not a run store of stormproof: it is not an SQLite file"));
  EXPECT_EQ(bytes(), "version: 1\nname: a scenario, not a store\n");

  std::ofstream(path(), std::ios::trunc) << "";
  change("CREATE TABLE theirs(x)");
  const std::string before = bytes();
  EXPECT_THAT(RunStore::open(path()).error().message, HasSubstr("it is an SQLite file of something else"));
  EXPECT_EQ(bytes(), before);
}

TEST_F(RunStoreTest, TakesAnEmptyFileForItsOwn) {
  std::ofstream(path()) << "";
  ASSERT_TRUE(open().save(sample_run(Sample::starved)));
  EXPECT_EQ(open().list()->size(), 1U);
}

TEST_F(RunStoreTest, SaysWhyAFileCannotBeOpened) {
  const auto refused = RunStore::open((folder_.path() / "no such folder" / "x.db").string());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("No such file or directory"));
  EXPECT_FALSE(RunStore::open(folder_.path().string()));
}

TEST_F(RunStoreTest, ATornFileIsAnErrorAtEachLength) {
  ASSERT_TRUE(open().save(sample_run(Sample::starved)));
  const std::string whole = bytes();
  ASSERT_GT(whole.size(), 16384U);
  std::size_t refused = 0, lengths = 0;
  for (std::size_t size = 1; size < whole.size(); size += 1021) {
    std::ofstream(path(), std::ios::binary | std::ios::trunc) << whole.substr(0, size);
    ++lengths;
    auto store = RunStore::open(path());
    if (!store || !store->latest()) ++refused;
  }
  EXPECT_EQ(refused, lengths);
}

TEST_F(RunStoreTest, SpoiltRowsAreErrors) {
  const RunRecord record = sample_run(Sample::starved);
  for (const char* harm : {"UPDATE findings SET evidence='{}'", "UPDATE findings SET verdict='MAYBE'",
                           "UPDATE events SET bytes=x'53504556'", "DELETE FROM events",
                           "UPDATE faults SET share='much'", "UPDATE runs SET variables='[]'",
                           "UPDATE events SET bytes=zeroblob(100)", "UPDATE runs SET digests='{\"a\":null}'"}) {
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path() + suffix);
    ASSERT_TRUE(open().save(record));
    change(harm);
    RunStore store = open();
    EXPECT_FALSE(store.load(record.id)) << harm;
  }
}

// Two programs write at once: each finds the file locked now and then, and waits.
TEST_F(RunStoreTest, SeveralProcessesMayWriteAtOnce) {
  constexpr int writers = 4, runs_each = 8;
  std::vector<pid_t> children;
  for (int writer = 0; writer < writers; ++writer) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      int failed = 0;
      for (int run = 0; run < runs_each; ++run) {
        RunRecord record = sample_run(Sample::starved);
        record.id = fmt::format("{}-{}", writer, run);
        auto store = RunStore::open(path());  // the first of them all makes the schema
        if (!store || !store->save(record)) ++failed;
      }
      _exit(failed);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0) << "runs that could not be saved";
  }
  EXPECT_EQ(open().list()->size(), static_cast<std::size_t>(writers * runs_each));
}

TEST_F(RunStoreTest, IsInWalMode) {
  {
    const RunStore store = open();
  }
  auto database = replay::Database::open(path(), replay::Database::Mode::write);
  ASSERT_TRUE(database);
  auto mode = database->prepare("PRAGMA journal_mode");
  ASSERT_TRUE(mode);
  ASSERT_TRUE(mode->step());
  EXPECT_EQ(mode->bytes(0), "wal");
}

TEST_F(RunStoreTest, CanBeAskedInSql) {
  ASSERT_TRUE(open().save(sample_run(Sample::violated)));
  auto database = replay::Database::open(path(), replay::Database::Mode::write);
  ASSERT_TRUE(database);
  EXPECT_EQ(*database->integer("SELECT fired FROM faults WHERE rule='payments down#1'"), 2000);
  EXPECT_EQ(*database->integer("SELECT (end_ns - begin_ns) / 1000000000 FROM phases WHERE name='recovery'"), 20);
  EXPECT_EQ(*database->integer("SELECT count(*) FROM findings WHERE verdict='VIOLATED'"), 2);
}

}  // namespace
}  // namespace stormproof::reports
