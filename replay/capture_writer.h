// CaptureWriter: writes a `.traffic` file.
//
// What was append()ed stays in memory until commit(); what was committed survives a crash of the process or of the
// machine. A caller that calls tick() at least every 50 ms loses at most 200 ms. Memory: at most
// `pending_bytes_max` of compressed bytes, one open block, and what the call under way brings.
//
// An error of append() or append_part(): what it brought was not taken in, and the caller counts it; nor is anything
// else before a commit() or tick() has succeeded. An error of those or of close(): nothing is lost, everything is written by the next one that succeeds. A writer that is destroyed
// without close() leaves a file that says so.
//
// A file that is renamed meanwhile is written on, but SQLite's log stays under the old name, so that the renamed file
// lacks what came last until close() has brought it there. See place().
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
#include "replay/watched_file.h"

namespace stormproof::replay {

class CaptureWriter {
 public:
  static constexpr base::Nanoseconds commit_interval = std::chrono::milliseconds(100);
  static constexpr std::size_t pending_bytes_max = 8 << 20;
  static constexpr std::size_t causes_max = 1000;  // more distinct causes are counted as "(other)"

  // Makes the file. Whatever stands at `path` already is refused and left as it is. `meta` says where the traffic comes
  // from ("source": "record http://127.0.0.1:8081"); the caller adds when it was made.
  static base::Result<CaptureWriter> create(const std::string& path, Meta meta);

  base::Result<void> append(const Exchange& exchange);
  // The same of views; `request_parts` and `response_parts` are the writer's to fill in.
  base::Result<void> append(Entry entry);

  // The next bytes of a body that is too large to be held until its exchange ends. The body of the exchange that is
  // append()ed later is what comes after them. Pieces of 64 KiB and more are stored best.
  base::Result<void> append_part(std::uint64_t exchange, Direction direction, std::string_view bytes);

  // How much of a body came in parts so far; 0: nothing, or its exchange was append()ed.
  std::uint64_t parted_bytes(std::uint64_t exchange, Direction direction) const;
  // Exchanges of which there are parts, and which are not append()ed; one with two such bodies comes twice.
  std::vector<std::uint64_t> begun_exchanges() const;
  bool has_begun_exchanges() const { return !open_bodies_.empty(); }
  // It will not be append()ed: its parts are counted as bodies alone.
  void discard(std::uint64_t exchange);

  // Commits when `commit_interval` has gone by since the last commit and there is something to commit.
  base::Result<void> tick(base::Time now);
  base::Result<void> commit();

  // Into the completeness account; written with the next commit.
  void count(std::string_view cause, std::uint64_t n, std::uint64_t bytes);

  // Commits and marks the file as whole. After a success only place(), account() and the destructor may be called; after
  // an error it may be called again.
  base::Result<void> close();

  // Ends the writing of a file that was removed, and takes away what SQLite put beside it. Nothing else may follow.
  void abandon();

  WatchedFile::Place place() const { return file_.place(); }
  const std::string& path() const { return file_.path(); }

  const Account& account() const { return account_; }
  // What of it has been committed.
  const Account& committed_account() const { return committed_account_; }
  // Of the file, with what stands in its log, as of the last commit.
  std::uint64_t file_bytes() const { return file_bytes_; }

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

  CaptureWriter(WatchedFile file, Database database, Meta meta)
      : file_(std::move(file)), database_(std::move(database)), meta_(std::move(meta)) {}
  base::Result<void> make_file();
  base::Result<void> begin_log();
  base::Result<void> prepare();
  base::Result<void> make_room();
  void queue_parts(PartedBody& parted, std::string_view bytes);
  PartedBody finish_body(std::uint64_t exchange, Direction direction, std::string_view& body);
  PendingBlock pack_open_block() const;
  base::Result<void> write(bool closing);
  base::Result<void> write_block(const PendingBlock& block);
  base::Result<void> write_rows(const PendingBlock* open, const Seal& seal);
  base::Result<void> settle_log();
  void let_go();
  Seal seal(bool closing) const;

  WatchedFile file_;
  std::vector<WatchedFile> beside_;  // the log and its index
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
  Account committed_account_;
  std::uint64_t file_bytes_ = 0;
  bool dirty_ = false;       // something is not committed
  bool open_dirty_ = false;  // it is in the open block, among others
  std::optional<base::Time> last_commit_;
  std::optional<base::Error> full_;  // why there was no room for more; it is not tried again before the next commit()
};

}  // namespace stormproof::replay
