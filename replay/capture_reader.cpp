#include "replay/capture_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <filesystem>
#include <set>

#include "harness/base/units.h"

namespace stormproof::replay {
namespace {

std::uint64_t number_at(const Statement& statement, int column) {
  return std::bit_cast<std::uint64_t>(statement.integer(column));
}

base::Time time_of(std::int64_t nanoseconds) { return base::Time(base::Nanoseconds(nanoseconds)); }

struct OpenFile {
  int descriptor;
  explicit OpenFile(const std::string& path) : descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (descriptor >= 0) ::close(descriptor);
  }
};

std::uint32_t big_endian(std::string_view four) {
  std::uint32_t value = 0;
  for (const char c : four.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

// SQLite's header says what the file is (https://www.sqlite.org/fileformat2.html §1.3).
base::Result<void> check_header(const std::string& path, std::string_view header) {
  if (header.empty()) return base::fail(fmt::format("{} is empty: no capture was recorded into it", path));
  if (!header.starts_with(std::string_view("SQLite format 3\0", 16)) || header.size() < 100) {
    return base::fail(
        fmt::format("{} is not a capture; files of other tools are made into one by `stormproof import`", path));
  }
  if (big_endian(header.substr(68)) != capture_application_id) {
    return base::fail(fmt::format("{} is not a capture but an SQLite file of another program", path));
  }
  const std::uint32_t version = big_endian(header.substr(60));
  if (version > capture_version) {
    return base::fail(fmt::format("{} was written by a newer stormproof (capture version {}; this one reads {})", path,
                                  version, capture_version));
  }
  if (version == 0) return base::fail(fmt::format("{} is damaged: its capture version is 0", path));
  if (version < capture_version) {
    return base::fail(fmt::format(
        "{} was written by a stormproof from before its first release (capture version {}; this one reads {}): "
        "record it again",
        path, version, capture_version));
  }
  return {};
}

// Looks at the file before SQLite does: SQLite has one message for all that is wrong with a file.
base::Result<Database::Mode> examine(const std::string& path) {
  const OpenFile file(path);
  if (file.descriptor < 0 && errno == ENOENT) return base::fail(fmt::format("{} does not exist", path));
  if (file.descriptor < 0) return base::fail_errno("cannot open " + path, errno);
  struct stat status{};
  if (::fstat(file.descriptor, &status) != 0) return base::fail_errno("cannot read " + path, errno);
  if (!S_ISREG(status.st_mode)) return base::fail(fmt::format("{} is not a file", path));
  std::array<char, 100> header{};
  const ssize_t length = ::pread(file.descriptor, header.data(), header.size(), 0);
  if (length < 0) return base::fail_errno("cannot read " + path, errno);
  if (const auto known = check_header(path, {header.data(), static_cast<std::size_t>(length)}); !known)
    return std::unexpected(known.error());

  std::error_code ignored;
  const auto log_bytes = std::filesystem::file_size(path + "-wal", ignored);
  if (ignored || log_bytes == 0) return Database::Mode::immutable;
  // An SQLite connection in WAL mode holds a shared lock on 510 bytes from here for as long as it lives.
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = 0x40000002;
  lock.l_len = 510;
  const bool alive = ::fcntl(file.descriptor, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  return alive ? Database::Mode::shared : Database::Mode::orphaned;
}

}  // namespace

base::Result<CaptureReader> CaptureReader::open(const std::string& path, Options options) {
  const auto mode = examine(path);
  if (!mode) return std::unexpected(mode.error());
  auto database = Database::open(path, *mode);
  if (!database) return std::unexpected(database.error());
  CaptureReader reader(std::move(*database), options);
  // One transaction for as long as the reader lives: one state of a file that grows.
  auto loaded = reader.database_.run("BEGIN");
  if (loaded) loaded = reader.check_schema();
  if (loaded) loaded = reader.load_account();
  if (loaded) loaded = reader.load_meta();
  if (loaded) loaded = reader.load_seal();
  if (loaded) loaded = reader.load_blocks();
  if (loaded) loaded = reader.prepare();
  if (!loaded) return std::unexpected(loaded.error());
  reader.being_written_ = reader.torn() && *mode == Database::Mode::shared;
  return reader;
}

std::unexpected<base::Error> CaptureReader::damaged(std::string_view what) const {
  return base::fail(fmt::format("{} is damaged: {}", path(), what));
}

base::Result<void> CaptureReader::check_schema() {
  auto rows = database_.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL");
  if (!rows) return damaged(rows.error().message);
  std::set<std::string, std::less<>> found;
  auto row = rows->step();
  for (; row && *row && found.size() <= capture_schema.size(); row = rows->step()) found.emplace(rows->bytes(0));
  if (!row) return damaged(row.error().message);
  const std::set<std::string, std::less<>> wanted(capture_schema.begin(), capture_schema.end());
  if (found != wanted) return damaged("its tables are not those of a capture");
  return {};
}

base::Result<void> CaptureReader::load_account() {
  auto rows = database_.prepare("SELECT cause, count, bytes FROM account");
  if (!rows) return damaged(rows.error().message);
  auto row = rows->step();
  for (; row && *row; row = rows->step()) {
    if (account_.size() == account_rows_max) return damaged("its account has too many causes");
    account_.emplace(rows->bytes(0), Tally{number_at(*rows, 1), number_at(*rows, 2)});
  }
  if (!row) return damaged(row.error().message);
  return {};
}

base::Result<void> CaptureReader::load_meta() {
  auto rows = database_.prepare("SELECT key, value FROM meta");
  if (!rows) return damaged(rows.error().message);
  auto row = rows->step();
  for (; row && *row; row = rows->step()) {
    if (meta_.size() == account_rows_max) return damaged("it has too much meta data");
    meta_.emplace(rows->bytes(0), rows->bytes(1));
  }
  if (!row) return damaged(row.error().message);
  return {};
}

base::Result<void> CaptureReader::load_seal() {
  auto rows =
      database_.prepare("SELECT closed, blocks, exchanges, open_bodies, open_bytes, checksum FROM seal WHERE id=1");
  if (!rows) return damaged(rows.error().message);
  const auto row = rows->step();
  if (!row) return damaged(row.error().message);
  if (!*row) return damaged("its seal is missing");
  seal_.closed = rows->integer(0) == 1;
  seal_.blocks = number_at(*rows, 1);
  seal_.exchanges = number_at(*rows, 2);
  seal_.open_bodies = number_at(*rows, 3);
  seal_.open_bytes = number_at(*rows, 4);
  if (number_at(*rows, 5) != checksum_of(seal_, account_, meta_))
    return damaged("its account does not have its checksum");
  return {};
}

// Blocks are numbered 1, 2, 3 …: a row that is gone leaves a gap. A row that is wrong is reported when its block is read.
base::Result<void> CaptureReader::load_blocks() {
  auto rows = database_.prepare("SELECT number, first_time, last_time FROM blocks ORDER BY number");
  if (!rows) return damaged(rows.error().message);
  std::uint64_t count = 0;
  auto row = rows->step();
  for (; row && *row; row = rows->step()) {
    if (number_at(*rows, 0) != ++count) return damaged(fmt::format("block {} is missing", count));
    const base::Time first = time_of(rows->integer(1));
    const base::Time last = time_of(rows->integer(2));
    if (first != base::Time{} && (first_time_ == base::Time{} || first < first_time_)) first_time_ = first;
    if (last != base::Time{} && (last_time_ == base::Time{} || last > last_time_)) last_time_ = last;
  }
  if (!row) return damaged(row.error().message);
  if (count != seal_.blocks) return damaged(fmt::format("it has {} blocks, and {} were written", count, seal_.blocks));
  return {};
}

base::Result<void> CaptureReader::prepare() {
  auto block = database_.prepare(
      "SELECT first_time, last_time, exchanges, raw_bytes, content_hash, checksum, content "
      "FROM blocks JOIN contents USING(number) WHERE number=?");
  if (!block) return damaged(block.error().message);
  auto part =
      database_.prepare("SELECT sequence, raw_bytes, checksum, content FROM parts WHERE body=? ORDER BY sequence");
  if (!part) return damaged(part.error().message);
  block_query_ = std::make_unique<Statement>(std::move(*block));
  part_query_ = std::make_unique<Statement>(std::move(*part));
  return {};
}

base::Result<CaptureReader::Block> CaptureReader::load_block(std::uint64_t number) {
  Statement& query = *block_query_;
  query.bind(1, std::bit_cast<std::int64_t>(number));
  const auto load = [&]() -> base::Result<Block> {
    const auto found = query.step();
    if (!found) return std::unexpected(found.error());
    if (!*found) return base::fail("its content is missing");
    BlockRow row{.number = number, .first_time = query.integer(0), .last_time = query.integer(1)};
    row.exchanges = number_at(query, 2);
    row.raw_bytes = number_at(query, 3);
    row.content_hash = number_at(query, 4);
    const std::string_view content = query.bytes(6);
    if (number_at(query, 5) != checksum_of(row) || row.content_hash != hash_of(content))
      return base::fail("it does not have its checksum");
    auto raw = decompress(content, row.raw_bytes, block_bytes_max);
    if (!raw) return std::unexpected(raw.error());
    return Block{.number = number, .exchanges = row.exchanges, .raw = std::move(*raw)};
  };
  auto block = load();
  query.reset();
  if (!block) return damaged(fmt::format("block {}: {}", number, block.error().message));
  return block;
}

// The next entry of a block that has one. Its views point into the block.
base::Result<Entry> CaptureReader::take(Block& block) const {
  std::string_view rest = std::string_view(block.raw).substr(block.offset);
  auto entry = take_entry(rest);
  if (!entry) return damaged(fmt::format("block {}: {}", block.number, entry.error().message));
  block.offset = block.raw.size() - rest.size();
  ++block.index;
  if (rest.empty() && block.index != block.exchanges) {
    return damaged(fmt::format("block {} holds {} exchanges and not {}", block.number, block.index, block.exchanges));
  }
  return entry;
}

base::Result<bool> CaptureReader::next(Exchange& exchange) {
  while (!current_ || current_->offset == current_->raw.size()) {
    if (next_block_ > seal_.blocks) return false;
    current_.reset();
    auto block = load_block(next_block_++);
    if (!block) return std::unexpected(block.error());
    current_ = std::move(*block);
  }
  const std::uint32_t index = current_->index;
  const auto entry = take(*current_);
  if (!entry) {
    current_.reset();
    return std::unexpected(entry.error());
  }
  position_ = {current_->number, index};
  body_bytes_ = {entry->request_parts.bytes + entry->request_body.size(),
                 entry->response_parts.bytes + entry->response_body.size()};
  if (const auto filled = fill(*entry, exchange, options_.heads_only); !filled) return std::unexpected(filled.error());
  return true;
}

void CaptureReader::rewind() {
  current_.reset();
  next_block_ = 1;
}

// The block, in front of those that are kept.
base::Result<CaptureReader::Block*> CaptureReader::visit(std::uint64_t number) {
  const auto found = std::ranges::find(visited_, number, &Block::number);
  if (found != visited_.end()) {
    std::rotate(visited_.begin(), found, found + 1);
    return &visited_.front();
  }
  auto block = load_block(number);
  if (!block) return std::unexpected(block.error());
  if (visited_.size() == blocks_kept) visited_.pop_back();
  visited_.insert(visited_.begin(), std::move(*block));
  return &visited_.front();
}

base::Result<void> CaptureReader::read_at(Position position, Exchange& exchange) {
  const auto visited = visit(position.block);
  if (!visited) return std::unexpected(visited.error());
  Block& block = **visited;
  if (position.index < block.offsets.size()) {
    std::string_view rest = std::string_view(block.raw).substr(block.offsets[position.index]);
    const auto entry = take_entry(rest);
    if (!entry) return damaged(fmt::format("block {}: {}", block.number, entry.error().message));
    return fill(*entry, exchange, false);
  }
  while (block.offset < block.raw.size()) {
    const bool wanted = block.index == position.index;
    block.offsets.push_back(block.offset);
    const auto entry = take(block);
    if (!entry) {
      visited_.erase(visited_.begin());
      return std::unexpected(entry.error());
    }
    if (wanted) return fill(*entry, exchange, false);
  }
  return base::fail(fmt::format("{} has no exchange {} in block {}", path(), position.index, position.block));
}

base::Result<void> CaptureReader::fill(const Entry& entry, Exchange& exchange, bool heads_only) {
  exchange.id = entry.id;
  exchange.connection = entry.connection;
  exchange.session = entry.session;
  exchange.shadow_of = entry.shadow_of;
  exchange.request_start = time_of(entry.times[0]);
  exchange.request_end = time_of(entry.times[1]);
  exchange.response_start = time_of(entry.times[2]);
  exchange.response_end = time_of(entry.times[3]);
  exchange.ending = entry.ending;
  exchange.request.head = entry.request_head;
  exchange.interim = entry.interim;
  exchange.response.head = entry.response_head;
  exchange.segments = entry.segments;
  exchange.request.body.clear();
  exchange.response.body.clear();
  if (heads_only) return {};

  const std::array<std::uint64_t, 3> sizes = {entry.request_head.size() + entry.request_body.size() +
                                                  entry.interim.size() + entry.response_head.size() +
                                                  entry.response_body.size(),
                                              entry.request_parts.bytes, entry.response_parts.bytes};
  std::uint64_t left = options_.exchange_bytes_max;
  for (const std::uint64_t size : sizes) {
    if (size > left) {
      return base::fail(fmt::format("exchange {} of {} is larger than {}", entry.id, path(),
                                    base::format_bytes(options_.exchange_bytes_max)));
    }
    left -= size;
  }
  if (auto loaded = load_body(entry.request_parts, entry.request_body, exchange.request.body); !loaded) return loaded;
  return load_body(entry.response_parts, entry.response_body, exchange.response.body);
}

base::Result<void> CaptureReader::load_body(const PartedBody& parted, std::string_view tail, std::string& body) {
  if (parted.body != 0) {
    part_query_->bind(1, std::bit_cast<std::int64_t>(parted.body));
    const auto load = [&]() -> base::Result<void> {
      std::uint64_t parts = 0;
      auto row = part_query_->step();
      for (; row && *row; row = part_query_->step(), ++parts) {
        const std::uint64_t raw_bytes = number_at(*part_query_, 1);
        const std::string_view content = part_query_->bytes(3);
        const bool whole = number_at(*part_query_, 0) == parts && raw_bytes <= parted.bytes - body.size() &&
                           number_at(*part_query_, 2) == checksum_of_part(parted.body, parts, raw_bytes, content);
        if (!whole) return base::fail("it does not have its checksum");
        auto raw = decompress(content, raw_bytes, part_bytes_max);
        if (!raw) return std::unexpected(raw.error());
        body += *raw;
      }
      if (!row) return std::unexpected(row.error());
      if (parts != parted.parts || body.size() != parted.bytes) return base::fail("bytes of it are missing");
      return {};
    };
    const auto loaded = load();
    part_query_->reset();
    if (!loaded) return damaged(fmt::format("body {}: {}", parted.body, loaded.error().message));
  }
  body += tail;
  return {};
}

std::string CaptureReader::torn_message() const {
  if (!torn()) return {};
  const std::string until = last_time_ == base::Time{} ? "" : fmt::format(" up to {}", base::format_time(last_time_));
  std::string message =
      being_written_
          ? fmt::format("{} is still being written: {} exchanges{} are here so far", path(), exchanges(), until)
          : fmt::format(
                "{} is torn, it was not closed: {} exchanges{} are here; the last 200 ms of the recording "
                "may be missing (more, if a file {}-wal stood beside it and was not kept)",
                path(), exchanges(), until, path());
  if (seal_.open_bodies != 0) {
    message += fmt::format("; {} large bodies ({}) had been begun whose exchanges are not here", seal_.open_bodies,
                           base::format_bytes(seal_.open_bytes));
  }
  return message;
}

}  // namespace stormproof::replay
