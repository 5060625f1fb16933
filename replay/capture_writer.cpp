#include "replay/capture_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <filesystem>

#include "replay/segments.h"

namespace stormproof::replay {
namespace {

constexpr std::uint64_t page_bytes = 16384;

std::int64_t stored(std::uint64_t value) { return std::bit_cast<std::int64_t>(value); }

constexpr const char* beside_it[] = {"-wal", "-shm", "-journal"};

// A log or journal without its file is somebody's last seconds of a recording: SQLite would delete it. An index of a log
// may be that of a recording that runs: SQLite would empty it under its feet.
base::Result<WatchedFile> claim(const std::string& path) {
  for (const char* beside : beside_it) {
    std::error_code ignored;
    if (std::filesystem::exists(std::filesystem::symlink_status(path + beside, ignored))) {
      return base::fail(
          fmt::format("{}{} is left from an earlier recording; move it away or choose another name", path, beside));
    }
  }
  return WatchedFile::create(path);
}

std::uint64_t bytes_of(const Entry& entry) {
  return entry.request_head.size() + entry.request_body.size() + entry.interim.size() + entry.response_head.size() +
         entry.response_body.size();
}

}  // namespace

base::Result<CaptureWriter> CaptureWriter::create(const std::string& path, Meta meta) {
  auto claimed = claim(path);
  if (!claimed) return std::unexpected(claimed.error());
  auto made = [&]() -> base::Result<CaptureWriter> {
    auto database = Database::open(path, Database::Mode::write);
    if (!database) return std::unexpected(database.error());
    CaptureWriter writer(WatchedFile::open(path), std::move(*database), std::move(meta));
    if (const auto laid_out = writer.make_file(); !laid_out) return std::unexpected(laid_out.error());
    return writer;
  }();
  if (!made) {
    claimed->remove();
    for (const char* beside : beside_it) WatchedFile::open(path + beside).remove();  // none was there before
  }
  return made;
}

// The schema goes into the file itself before there is a log, so that the file says what it is whatever comes.
base::Result<void> CaptureWriter::make_file() {
  account_[std::string(cause_recorded)];
  std::string sql = fmt::format(
      "PRAGMA page_size={}; PRAGMA synchronous=FULL; BEGIN; PRAGMA application_id={}; PRAGMA user_version={};",
      page_bytes, capture_application_id, capture_version);
  for (const std::string_view statement : capture_schema) sql.append(statement).append(";");
  if (const auto made = database_.run(sql.c_str()); !made) return made;
  if (const auto prepared = prepare(); !prepared) return prepared;
  if (const auto put = write_rows(nullptr, seal(false)); !put) return put;
  if (const auto committed = database_.run("COMMIT"); !committed) return committed;
  if (auto logged = begin_log(); !logged) return logged;
  committed_account_ = account_;
  return {};
}

base::Result<void> CaptureWriter::begin_log() {
  auto journal = database_.prepare("PRAGMA journal_mode=WAL");
  if (!journal) return std::unexpected(journal.error());
  if (const auto row = journal->step(); !row) return std::unexpected(row.error());
  if (journal->bytes(0) != "wal") {
    return base::fail(
        fmt::format("{}: this file system cannot hold a capture while it is written (no shared memory); "
                    "record to a local disk",
                    path()));
  }
  journal->reset();
  // SQLite makes the log at the first look. Later there may be no descriptor for it, or another file under its name.
  const auto pages = database_.integer("PRAGMA page_count");
  if (!pages) return std::unexpected(pages.error());
  file_bytes_ = static_cast<std::uint64_t>(*pages) * page_bytes;
  for (const char* beside : {"-wal", "-shm"}) {
    beside_.push_back(WatchedFile::open(path() + beside));
    if (beside_.back().place() != WatchedFile::Place::here)
      return base::fail(fmt::format("{}{} was taken away while it was made", path(), beside));
  }
  return {};
}

base::Result<void> CaptureWriter::prepare() {
  const std::pair<Statement Statements::*, std::string_view> wanted[] = {
      {&Statements::block, "INSERT OR REPLACE INTO blocks VALUES(?,?,?,?,?,?,?)"},
      {&Statements::content, "INSERT OR REPLACE INTO contents VALUES(?,?)"},
      {&Statements::part, "INSERT OR REPLACE INTO parts VALUES(?,?,?,?,?)"},
      {&Statements::account, "INSERT OR REPLACE INTO account VALUES(?,?,?)"},
      {&Statements::seal, "INSERT OR REPLACE INTO seal VALUES(1,?,?,?,?,?,?)"},
  };
  statements_ = std::make_unique<Statements>();
  for (const auto& [member, sql] : wanted) {
    auto statement = database_.prepare(sql);
    if (!statement) return std::unexpected(statement.error());
    (*statements_).*member = std::move(*statement);
  }
  auto entry = database_.prepare("INSERT INTO meta VALUES(?,?)");
  if (!entry) return std::unexpected(entry.error());
  for (const auto& [key, value] : meta_) {
    if (const auto put = entry->bind_text(1, key).bind_text(2, value).run(); !put) return put;
  }
  return {};
}

base::Result<void> CaptureWriter::make_room() {
  if (pending_bytes_ < pending_bytes_max) return {};
  if (full_) return std::unexpected(*full_);
  auto committed = commit();
  if (!committed) full_ = committed.error();
  return committed;
}

base::Result<void> CaptureWriter::append(const Exchange& exchange) { return append(entry_of(exchange)); }

base::Result<void> CaptureWriter::append(Entry entry) {
  const std::size_t heads = entry.request_head.size() + entry.interim.size() + entry.response_head.size();
  if (heads > heads_bytes_max) {
    return base::fail(
        fmt::format("exchange {} has heads of {} bytes; the limit is {}", entry.id, heads, heads_bytes_max));
  }
  if (entry.segments.size() > segments_bytes_max)
    return base::fail(fmt::format("exchange {} has {} bytes of segments' times; the limit is {}", entry.id,
                                  entry.segments.size(), segments_bytes_max));
  if (auto room = make_room(); !room) return room;
  const std::uint64_t bytes =
      bytes_of(entry) + parted_bytes(entry.id, Direction::request) + parted_bytes(entry.id, Direction::response);
  entry.request_parts = finish_body(entry.id, Direction::request, entry.request_body);
  entry.response_parts = finish_body(entry.id, Direction::response, entry.response_body);

  append_entry(open_block_, entry);
  const std::int64_t first = earliest_time(entry);
  if (first != 0) {
    if (open_row_.first_time == 0 || first < open_row_.first_time) open_row_.first_time = first;
    if (open_row_.last_time == 0 || latest_time(entry) > open_row_.last_time) open_row_.last_time = latest_time(entry);
  }
  ++open_row_.exchanges;
  ++exchanges_;
  count(cause_recorded, 1, bytes);
  open_dirty_ = true;
  if (open_block_.size() < block_bytes_full) return {};

  pending_blocks_.push_back(pack_open_block());
  pending_bytes_ += pending_blocks_.back().content.size();
  open_block_.clear();
  open_row_ = {.number = open_row_.number + 1};
  open_dirty_ = false;
  return {};
}

base::Result<void> CaptureWriter::append_part(std::uint64_t exchange, Direction direction, std::string_view bytes) {
  if (bytes.empty()) return {};
  if (auto room = make_room(); !room) return room;
  PartedBody& parted = open_bodies_[{exchange, direction}];
  queue_parts(parted, bytes);
  dirty_ = true;
  return {};
}

std::uint64_t CaptureWriter::parted_bytes(std::uint64_t exchange, Direction direction) const {
  if (open_bodies_.empty()) return 0;
  const auto found = open_bodies_.find({exchange, direction});
  return found == open_bodies_.end() ? 0 : found->second.bytes;
}

std::vector<std::uint64_t> CaptureWriter::begun_exchanges() const {
  std::vector<std::uint64_t> begun;
  begun.reserve(open_bodies_.size());
  for (const auto& [whose, parted] : open_bodies_) begun.push_back(whose.first);
  return begun;
}

void CaptureWriter::discard(std::uint64_t exchange) {
  for (const Direction direction : {Direction::request, Direction::response}) {
    const auto found = open_bodies_.find({exchange, direction});
    if (found == open_bodies_.end()) continue;
    count(cause_body_alone, 1, found->second.bytes);
    open_bodies_.erase(found);
  }
}

void CaptureWriter::queue_parts(PartedBody& parted, std::string_view bytes) {
  if (parted.body == 0) parted.body = ++bodies_;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, part_bytes_max);
    pending_parts_.push_back({parted.body, parted.parts, piece.size(), compress(piece)});
    pending_bytes_ += pending_parts_.back().content.size();
    ++parted.parts;
    parted.bytes += piece.size();
    bytes.remove_prefix(piece.size());
  }
}

// What of the body stands in parts; `body` is left with what goes into the block.
PartedBody CaptureWriter::finish_body(std::uint64_t exchange, Direction direction, std::string_view& body) {
  PartedBody parted;
  if (!open_bodies_.empty()) {
    const auto open = open_bodies_.find({exchange, direction});
    if (open != open_bodies_.end()) {
      parted = open->second;
      open_bodies_.erase(open);
    }
  }
  if (body.size() > inline_body_bytes_max) {
    queue_parts(parted, body);
    body = {};
  }
  return parted;
}

void CaptureWriter::count(std::string_view cause, std::uint64_t n, std::uint64_t bytes) {
  auto known = account_.find(cause);
  if (known == account_.end()) {
    known = account_.emplace(account_.size() < causes_max ? cause : "(other)", Tally{}).first;
  }
  known->second.count += n;
  known->second.bytes += bytes;
  dirty_ = true;
}

base::Result<void> CaptureWriter::tick(base::Time now) {
  if (!last_commit_) last_commit_ = now;
  if (!dirty_ || now - *last_commit_ < commit_interval) return {};
  auto committed = commit();
  last_commit_ = now;  // after a failure too: a full disk is not tried at every tick
  return committed;
}

base::Result<void> CaptureWriter::commit() {
  if (!dirty_) return {};
  return write(false);
}

base::Result<void> CaptureWriter::close() {
  for (const std::uint64_t exchange : begun_exchanges()) discard(exchange);
  if (auto written = write(true); !written) return written;
  if (auto settled = settle_log(); !settled) return settled;
  if (place() != WatchedFile::Place::here) let_go();
  return {};
}

void CaptureWriter::abandon() { let_go(); }

// SQLite goes by names, and what has the names beside a moved file now is not always its own: it deletes nothing there.
void CaptureWriter::let_go() {
  statements_.reset();
  database_.close();
  for (const WatchedFile& file : beside_) file.remove();
}

CaptureWriter::PendingBlock CaptureWriter::pack_open_block() const {
  PendingBlock block{.row = open_row_, .content = {}};
  block.row.raw_bytes = open_block_.size();
  block.content = compress(open_block_);
  block.row.content_hash = hash_of(block.content);
  return block;
}

Seal CaptureWriter::seal(bool closing) const {
  Seal seal;
  seal.closed = closing;
  seal.blocks = open_row_.number - (open_block_.empty() ? 1 : 0);
  seal.exchanges = exchanges_;
  seal.open_bodies = open_bodies_.size();
  for (const auto& [whose, parted] : open_bodies_) seal.open_bytes += parted.bytes;
  return seal;
}

// All or nothing. What is pending stays so until it is committed, so that a failure can be tried again.
base::Result<void> CaptureWriter::write(bool closing) {
  std::optional<PendingBlock> open;
  if (open_dirty_) open = pack_open_block();
  auto written = database_.run("BEGIN IMMEDIATE");
  if (written) written = write_rows(open ? &*open : nullptr, seal(closing));
  if (written) written = database_.run("COMMIT");
  if (!written) {
    // The failure itself may have ended the transaction; what ROLLBACK says then adds nothing.
    if (database_.in_transaction()) (void)database_.run("ROLLBACK");
    return written;
  }
  pending_blocks_.clear();
  pending_parts_.clear();
  pending_bytes_ = 0;
  dirty_ = open_dirty_ = false;
  committed_account_ = account_;
  full_.reset();
  if (const auto pages = database_.integer("PRAGMA page_count")) {
    file_bytes_ = static_cast<std::uint64_t>(*pages) * page_bytes;
  }
  return {};
}

base::Result<void> CaptureWriter::write_block(const PendingBlock& block) {
  const BlockRow& row = block.row;
  statements_->block.bind(1, stored(row.number)).bind(2, row.first_time).bind(3, row.last_time);
  statements_->block.bind(4, stored(row.exchanges)).bind(5, stored(row.raw_bytes));
  statements_->block.bind(6, stored(row.content_hash)).bind(7, stored(checksum_of(row)));
  if (auto put = statements_->block.run(); !put) return put;
  return statements_->content.bind(1, stored(row.number)).bind_blob(2, block.content).run();
}

base::Result<void> CaptureWriter::write_rows(const PendingBlock* open, const Seal& seal) {
  for (const PendingBlock& block : pending_blocks_) {
    if (auto put = write_block(block); !put) return put;
  }
  if (open != nullptr) {
    if (auto put = write_block(*open); !put) return put;
  }
  for (const PendingPart& part : pending_parts_) {
    const std::uint64_t checksum = checksum_of_part(part.body, part.sequence, part.raw_bytes, part.content);
    statements_->part.bind(1, stored(part.body)).bind(2, stored(part.sequence)).bind(3, stored(part.raw_bytes));
    if (auto put = statements_->part.bind(4, stored(checksum)).bind_blob(5, part.content).run(); !put) return put;
  }
  for (const auto& [cause, tally] : account_) {
    statements_->account.bind_text(1, cause).bind(2, stored(tally.count)).bind(3, stored(tally.bytes));
    if (auto put = statements_->account.run(); !put) return put;
  }
  statements_->seal.bind(1, seal.closed ? 1 : 0).bind(2, stored(seal.blocks)).bind(3, stored(seal.exchanges));
  statements_->seal.bind(4, stored(seal.open_bodies)).bind(5, stored(seal.open_bytes));
  return statements_->seal.bind(6, stored(checksum_of(seal, account_, meta_))).run();
}

// Brings the log into the file and does away with it, so that a finished capture is one file.
base::Result<void> CaptureWriter::settle_log() {
  auto checkpoint = database_.prepare("PRAGMA wal_checkpoint(TRUNCATE)");
  if (!checkpoint) return std::unexpected(checkpoint.error());
  const auto row = checkpoint->step();
  if (!row) return std::unexpected(row.error());
  const bool read_by_others = checkpoint->integer(0) != 0;
  checkpoint->reset();
  if (place() != WatchedFile::Place::here) {
    if (!read_by_others) return {};
    return base::fail(fmt::format("{} was renamed while somebody reads it: {}-wal holds its last part until they end",
                                  path(), path()));
  }
  // A reader that came while it was recorded keeps the log: the capture is whole with it. The same reader may come
  // between the two statements; then the log stays, empty.
  if (!read_by_others) (void)database_.run("PRAGMA journal_mode=DELETE");
  return {};
}

}  // namespace stormproof::replay
