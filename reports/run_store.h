// RunStore: runs at rest, one SQLite file ("stormproof.db").
//
// Holds all that reports and verdicts are made from: what load() gives is equal to what save() took. A run is written
// whole or not at all, and never changed. Several processes may use one file at a time: it is in WAL mode, and whoever
// finds it locked waits up to `busy_wait`. A file that is not a run store, or is from a newer stormproof, is refused
// and left as it is. One thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "replay/sqlite.h"
#include "reports/run_record.h"

namespace stormproof::reports {

struct RunSummary {
  std::string id;
  std::string scenario_name;
  base::Time started{};
  base::Time ended{};
  std::string ended_because;
  verify::Verdict verdict = verify::Verdict::inconclusive;
  bool operator==(const RunSummary&) const = default;
};

class RunStore {
 public:
  static constexpr std::int64_t application_id = 0x5350524E;  // "SPRN"
  static constexpr std::int64_t schema_version = 1;
  static constexpr std::chrono::milliseconds busy_wait{10'000};
  static constexpr std::size_t part_bytes_max = std::size_t{16} << 20;  // of an event log, a row
  static constexpr std::size_t log_bytes_max = std::size_t{1} << 30;    // of an event log, encoded

  // Opens the file; makes it where there is none, or an empty one.
  static base::Result<RunStore> open(const std::string& path);

  // An error where the id is already there: nothing is overwritten.
  base::Result<void> save(const RunRecord& record);

  base::Result<RunRecord> load(std::string_view id);
  base::Result<RunRecord> latest();  // by start

  // The latest first.
  base::Result<std::vector<RunSummary>> list();

 private:
  explicit RunStore(replay::Database database) : database_(std::move(database)) {}

  base::Result<void> insert(const RunRecord& record);
  base::Result<void> insert_run(const RunRecord& record);
  base::Result<void> insert_phases(const RunRecord& record);
  base::Result<void> insert_faults(const RunRecord& record);
  base::Result<void> insert_findings(const RunRecord& record);
  base::Result<void> insert_events(const RunRecord& record);
  base::Result<void> load_run(RunRecord& record);
  base::Result<void> load_faults(RunRecord& record);
  base::Result<void> load_findings(RunRecord& record);
  base::Result<void> load_events(RunRecord& record);

  replay::Database database_;
};

}  // namespace stormproof::reports
