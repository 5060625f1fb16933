// CaptureReader: reads a `.traffic` file, and never changes it or anything beside it.
//
// Exchanges come in the order in which they were appended, which is the order in which they ended. Everything read is held
// against its checksum: a damaged block or body is an error that names it, and reading goes on after it. A file that
// was not closed (a crash, or its writer still runs) opens with what was committed, and torn() says so; the log
// `-wal` beside it belongs to it. While a writer runs, a reader sees the state at its open().
//
// Memory: one block (`block_bytes_max`; with read_at() `blocks_kept` more) and one exchange (`Options::exchange_bytes_max`). One thread at a time. Not to be
// used in the process that writes the same file (see CaptureWriter).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/error.h"
#include "replay/capture_format.h"
#include "replay/exchange.h"
#include "replay/sqlite.h"

namespace stormproof::replay {

class CaptureReader {
 public:
  struct Options {
    std::uint64_t exchange_bytes_max = 256 << 20;  // a larger exchange is an error when it is read whole
    bool heads_only = false;  // bodies stay empty, and are not read from the disk where they are large
  };

  // Where an exchange stands. Stays valid for this file.
  struct Position {
    std::uint64_t block = 0;
    std::uint32_t index = 0;
    auto operator<=>(const Position&) const = default;
  };

  struct BodyBytes {
    std::uint64_t request = 0;
    std::uint64_t response = 0;
  };

  static constexpr std::size_t blocks_kept = 8;            // of read_at()
  static constexpr std::size_t account_rows_max = 10'000;  // of the account and of meta, each

  static base::Result<CaptureReader> open(const std::string& path, Options options);
  static base::Result<CaptureReader> open(const std::string& path) { return open(path, Options()); }

  // False: there are no more. After an error it goes on behind what is damaged.
  base::Result<bool> next(Exchange& exchange);
  void rewind();

  // Of the exchange that next() gave last: where it stands, and how long its bodies are, loaded or not.
  Position position() const { return position_; }
  BodyBytes body_bytes() const { return body_bytes_; }

  // The exchange at a position, whole. Does not move next(). Cheap while the positions lie in `blocks_kept` blocks.
  base::Result<void> read_at(Position position, Exchange& exchange);

  std::uint64_t exchanges() const { return seal_.exchanges; }
  std::uint64_t blocks() const { return seal_.blocks; }
  // The earliest and latest known times of all exchanges; zero: there is none.
  base::Time first_time() const { return first_time_; }
  base::Time last_time() const { return last_time_; }
  const Account& account() const { return account_; }
  const Meta& meta() const { return meta_; }
  const std::string& path() const { return database_.path(); }

  // The file was not closed; and then what that means, in one sentence. Empty for a whole file.
  bool torn() const { return !seal_.closed; }
  bool being_written() const { return being_written_; }
  std::string torn_message() const;

 private:
  struct Block {
    std::uint64_t number = 0;
    std::uint64_t exchanges = 0;
    std::string raw;
    std::size_t offset = 0;                 // of the entry that comes next
    std::uint32_t index = 0;                // its index
    std::vector<std::size_t> offsets = {};  // of the entries that were passed, in read_at()
  };

  CaptureReader(Database database, Options options) : database_(std::move(database)), options_(options) {}
  base::Result<void> check_schema();
  base::Result<void> load_account();
  base::Result<void> load_meta();
  base::Result<void> load_seal();
  base::Result<void> load_blocks();
  base::Result<void> prepare();
  base::Result<Block> load_block(std::uint64_t number);
  base::Result<Entry> take(Block& block) const;
  base::Result<Block*> visit(std::uint64_t number);
  base::Result<void> fill(const Entry& entry, Exchange& exchange, bool heads_only);
  base::Result<void> load_body(const PartedBody& parted, std::string_view tail, std::string& body);
  std::unexpected<base::Error> damaged(std::string_view what) const;

  Database database_;
  Options options_;
  std::unique_ptr<Statement> block_query_;
  std::unique_ptr<Statement> part_query_;

  Seal seal_;
  Account account_;
  Meta meta_;
  base::Time first_time_{};
  base::Time last_time_{};
  bool being_written_ = false;

  std::optional<Block> current_;
  std::uint64_t next_block_ = 1;
  Position position_;
  BodyBytes body_bytes_;
  std::vector<Block> visited_;  // of read_at(), the one used last in front
};

}  // namespace stormproof::replay
