// CaptureWriter: writes a `.traffic` file.
//
// What was append()ed stays in memory until commit(); what was committed survives a crash of the process or of the
// machine. A caller that calls tick() at least every 50 ms loses at most 200 ms. Memory: at most
// `pending_bytes_max` of compressed bytes, one open block, and what the call under way brings.
//
// An error of append() or append_part(): what it brought was not taken in, and the caller counts it. An error of commit(),
// tick() or close(): nothing is lost, everything is written by the next one that succeeds. A writer that is destroyed
// without close() leaves a file that says so.
//
// One thread at a time; the caller owns the thread. The process must not open the file by other means meanwhile: POSIX
// drops a process's locks on a file when any handle of it is closed.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/error.h"
#include "replay/capture_format.h"
#include "replay/exchange.h"
#include "replay/sqlite.h"

namespace stormproof::replay {

enum class Direction : std::uint8_t { request, response };

class CaptureWriter {
 public:
  static constexpr base::Nanoseconds commit_interval = std::chrono::milliseconds(100);
  static constexpr std::size_t pending_bytes_max = 8 << 20;
  static constexpr std::size_t causes_max = 1000;  // more distinct causes are counted as "(other)"

  // Makes the file. Whatever stands at `path` already is refused and left as it is. `meta` says where the traffic comes
  // from ("source": "record http://127.0.0.1:8081"); the caller adds when it was made.
  static base::Result<CaptureWriter> create(const std::string& path, Meta meta);

  base::Result<void> append(const Exchange& exchange);

  // The next bytes of a body that is too large to be held until its exchange ends. The body of the exchange that is
  // append()ed later is what comes after them. Pieces of 64 KiB and more are stored best.
  base::Result<void> append_part(std::uint64_t exchange, Direction direction, std::string_view bytes);

  // Commits when `commit_interval` has gone by since the last commit and there is something to commit.
  base::Result<void> tick(base::Time now);
  base::Result<void> commit();

  // Into the completeness account; written with the next commit.
  void count(std::string_view cause, std::uint64_t n, std::uint64_t bytes);

  // Commits and marks the file as whole. After a success only the destructor may be called; after an error it may be
  // called again.
  base::Result<void> close();

  const Account& account() const { return account_; }

 private:
  struct PendingBlock {
    BlockRow row;
    std::string content;
  };
  struct PendingPart {
    std::uint64_t body, sequence, raw_bytes;
    std::string content;
  };
  struct Statements {
    Statement block, content, part, account, seal;
  };

  CaptureWriter(Database database, Meta meta) : database_(std::move(database)), meta_(std::move(meta)) {}
  base::Result<void> make_file();
  base::Result<void> prepare();
  base::Result<void> make_room();
  void queue_parts(PartedBody& parted, std::string_view bytes);
  PartedBody finish_body(std::uint64_t exchange, Direction direction, std::string_view& body);
  PendingBlock pack_open_block() const;
  base::Result<void> write(bool closing);
  base::Result<void> write_block(const PendingBlock& block);
  base::Result<void> write_rows(const PendingBlock* open, const Seal& seal);
  base::Result<void> settle_log();
  Seal seal(bool closing) const;

  Database database_;
  Meta meta_;
  std::unique_ptr<Statements> statements_;

  std::string open_block_;  // raw; it is written at each commit until it is full
  BlockRow open_row_{.number = 1};
  std::vector<PendingBlock> pending_blocks_;
  std::vector<PendingPart> pending_parts_;
  std::size_t pending_bytes_ = 0;

  std::map<std::pair<std::uint64_t, Direction>, PartedBody> open_bodies_;
  std::uint64_t bodies_ = 0;
  std::uint64_t exchanges_ = 0;
  Account account_;
  bool dirty_ = false;       // something is not committed
  bool open_dirty_ = false;  // it is in the open block, among others
  std::optional<base::Time> last_commit_;
};

}  // namespace stormproof::replay
