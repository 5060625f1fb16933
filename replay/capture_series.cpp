#include "replay/capture_series.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace stormproof::replay {
namespace {

using Place = WatchedFile::Place;

constexpr std::string_view cause_disk_trouble = "dropped: disk trouble";
constexpr std::string_view cause_removed = "dropped: file removed";
constexpr std::string_view cause_renamed = "dropped: file renamed while its body came";
constexpr std::string_view cause_lingered = "dropped: body not ended long after a rotation";

void add(Account& account, std::string_view cause, const Tally& tally) {
  auto known = account.find(cause);
  if (known == account.end()) known = account.emplace(cause, Tally{}).first;
  known->second.count += tally.count;
  known->second.bytes += tally.bytes;
}

// `recorded_as`: under which cause its recorded exchanges go.
void add(Account& account, const Account& more, std::string_view recorded_as = cause_recorded) {
  for (const auto& [cause, tally] : more) add(account, cause == cause_recorded ? recorded_as : cause, tally);
}

Account uncommitted(const CaptureWriter& writer) {
  Account left = writer.account();
  for (const auto& [cause, tally] : writer.committed_account()) {
    Tally& counted = left[cause];
    counted.count -= tally.count;
    counted.bytes -= tally.bytes;
  }
  std::erase_if(left, [](const auto& entry) { return entry.second == Tally{}; });
  return left;
}

bool holds(const CaptureWriter& writer, std::uint64_t exchange) {
  return writer.parted_bytes(exchange, Direction::request) != 0 ||
         writer.parted_bytes(exchange, Direction::response) != 0;
}

bool has_content(const CaptureWriter& writer) {
  return writer.has_begun_exchanges() ||
         std::ranges::any_of(writer.account(), [](const auto& entry) { return entry.second != Tally{}; });
}

}  // namespace

base::Result<CaptureSeries> CaptureSeries::start(const std::string& path, Meta meta, const Rotation& rotation,
                                                 base::Time now, Tell tell) {
  CaptureSeries series(CaptureNames(path, rotation.on()), std::move(meta), rotation, std::move(tell));
  series.now_ = now;
  // Without rotation nothing but the name itself will do.
  auto first = series.make_file(rotation.on() ? series.names_.next() : path);
  if (!first) return std::unexpected(first.error());
  series.current_ = std::move(*first);
  return series;
}

base::Result<CaptureSeries::File> CaptureSeries::make_file(const std::string& path) {
  Meta meta = meta_;
  if (rotation_.on() || files_made_ > 0) meta["file"] = fmt::format("{}", files_made_ + 1);
  auto writer = CaptureWriter::create(path, std::move(meta));
  if (!writer) return std::unexpected(writer.error());
  names_.take();
  ++files_made_;
  for (const auto& [cause, tally] : carried_) writer->count(cause, tally.count, tally.bytes);
  carried_.clear();
  return File{.writer = std::move(*writer), .made = now_, .rotated = std::nullopt};
}

// The current file goes on where it fails.
bool CaptureSeries::open_next() {
  auto next = make_file(names_.next());
  if (!next) {
    trouble("make", next.error());
    open_again_at_ = now_ + retry_every;
    return false;
  }
  if (current_) {
    current_->rotated = now_;
    finishing_.push_back(std::move(*current_));
  }
  current_ = std::move(*next);
  return true;
}

void CaptureSeries::append(const Entry& entry, const PartedSizes& parted, std::uint64_t bytes) {
  const bool in_parts = parted != PartedSizes{};
  File* file = current_ ? &*current_ : nullptr;
  if (in_parts) file = holder_of(entry.id);
  const bool whole =
      file != nullptr && (!in_parts || (file->writer.parted_bytes(entry.id, Direction::request) == parted[0] &&
                                        file->writer.parted_bytes(entry.id, Direction::response) == parted[1]));
  if (!whole) return lose(entry.id, bytes);
  const auto appended = file->writer.append(entry);
  if (appended) return;
  trouble(file->writer.path(), appended.error());
  lose(entry.id, bytes);
}

// A body with a hole in it is worth less than none: behind a part that was lost no other is kept, and the exchange finds
// itself short of bytes when it ends.
void CaptureSeries::append_part(std::uint64_t exchange, Direction direction, std::uint64_t offset,
                                std::string_view bytes) {
  File* file = holder_of(exchange);
  if (file == nullptr && offset == 0 && current_) file = &*current_;
  if (file == nullptr || file->writer.parted_bytes(exchange, direction) != offset) return;
  const auto put = file->writer.append_part(exchange, direction, bytes);
  if (!put) trouble(file->writer.path(), put.error());
}

CaptureSeries::File* CaptureSeries::holder_of(std::uint64_t exchange) {
  if (current_ && holds(current_->writer, exchange)) return &*current_;
  const auto found = std::ranges::find_if(finishing_, [&](const File& file) { return holds(file.writer, exchange); });
  return found == finishing_.end() ? nullptr : &*found;
}

void CaptureSeries::discard(std::uint64_t exchange) {
  if (current_) current_->writer.discard(exchange);
  for (File& file : finishing_) file.writer.discard(exchange);
}

void CaptureSeries::give_up(std::uint64_t exchange) {
  causes_.erase(exchange);
  discard(exchange);
}

void CaptureSeries::lose(std::uint64_t exchange, std::uint64_t bytes) {
  const auto known = causes_.find(exchange);
  count(known == causes_.end() ? cause_disk_trouble : known->second, 1, bytes);
  ++lost_;
  give_up(exchange);
}

// Exchanges that this file has begun and will not end.
void CaptureSeries::cut(File& file, std::string_view cause) {
  for (const std::uint64_t exchange : file.writer.begun_exchanges()) {
    if (causes_.size() >= causes_max) causes_.erase(causes_.begin());
    causes_[exchange] = cause;
    file.writer.discard(exchange);
  }
}

void CaptureSeries::count(std::string_view cause, std::uint64_t n, std::uint64_t bytes) {
  if (current_) current_->writer.count(cause, n, bytes);
  else add(carried_, cause, {n, bytes});
}

base::Nanoseconds CaptureSeries::tick(base::Time now) {
  now_ = now;
  if (last_look_ && now - *last_look_ < look_every) return *last_look_ + look_every - now;
  last_look_ = now;
  look();
  return look_every;
}

void CaptureSeries::look() {
  if (current_) {
    if (const auto committed = current_->writer.commit(); !committed)
      trouble(current_->writer.path(), committed.error());
    if (current_->writer.place() != Place::here) follow_current();
    else if (due(*current_) && now_ >= open_again_at_) rotate();
  } else if (now_ >= open_again_at_) {
    open_next();
  }
  if (const auto finished = finish_files(); !finished) trouble("finish", finished.error());
  if (told_.empty() || !current_ || now_ - last_trouble_ < calm_after) return;
  tell_(fmt::format("{}: recording goes on; {} exchanges were lost meanwhile", current_->writer.path(), lost_));
  told_.clear();
  lost_ = 0;
}

bool CaptureSeries::due(const File& file) const {
  const bool by_size = rotation_.bytes != 0 && file.writer.file_bytes() >= rotation_.bytes;
  const bool by_time = rotation_.every.count() != 0 && now_ - file.made >= rotation_.every;
  return (by_size || by_time) && has_content(file.writer);
}

void CaptureSeries::rotate() {
  if (finishing_.size() >= lingering_files_max) {
    cut(finishing_.front(), cause_lingered);
    if (const auto finished = finish_files(); !finished) trouble("finish", finished.error());
    if (finishing_.size() >= lingering_files_max) return;
  }
  open_next();
}

// The current file is not where it was.
void CaptureSeries::follow_current() {
  File gone = std::move(*current_);
  current_.reset();
  const std::string path = gone.writer.path();
  std::string what;
  if (gone.writer.place() == Place::removed) {
    what = fmt::format("{} was removed while it is recorded, and the {} exchanges in it are lost", path,
                       gone.writer.account().at(std::string(cause_recorded)).count);
    forget_removed(gone);
  } else {
    what = fmt::format("{} was renamed while it is recorded, and is closed where it stands now", path);
    cut(gone, cause_renamed);
    if (finishing_.size() >= lingering_files_max) abandon_oldest();
    finishing_.push_back(std::move(gone));
    if (const auto finished = finish_files(); !finished) trouble("finish", finished.error());
  }
  const bool opened = open_next();
  tell_(opened ? fmt::format("{}; the recording goes on in {}", what, current_->writer.path())
               : fmt::format("{}; a new file is tried every second", what));
}

// Closes those that wait for nothing more. The first error; the others are tried.
base::Result<void> CaptureSeries::finish_files() {
  base::Result<void> result;
  const auto is_done = [&](File& file) {
    CaptureWriter& writer = file.writer;
    if (writer.place() == Place::removed) {
      forget_removed(file);
      return true;
    }
    if (file.rotated && now_ - *file.rotated >= lingering_max) cut(file, cause_lingered);
    const bool waits = file.rotated && writer.has_begun_exchanges();
    auto written = waits ? writer.commit() : writer.close();
    if (!written && result) result = std::unexpected(written.error());
    if (waits || !written) return false;
    add(ended_, writer.account());
    const auto identity = identity_of(writer.path());
    const bool limited = rotation_.keep_files != 0 || rotation_.keep_bytes != 0;
    if (limited && file.rotated && identity && writer.place() == Place::here) {
      kept_.push_back({writer.path(), *identity});
      kept_bytes_ += identity->bytes;
    }
    return true;
  };
  std::erase_if(finishing_, is_done);
  retain();
  return result;
}

void CaptureSeries::forget_removed(File& file) {
  cut(file, cause_removed);
  const Account lost = file.writer.account();
  for (const auto& [cause, tally] : lost) {
    count(cause == cause_recorded ? cause_removed : std::string_view(cause), tally.count, tally.bytes);
  }
  file.writer.abandon();
}

// One that neither could be closed nor may wait longer. What was committed stands in it.
void CaptureSeries::abandon_oldest() {
  const CaptureWriter& writer = finishing_.front().writer;
  add(ended_, writer.committed_account());
  for (const auto& [cause, tally] : uncommitted(writer)) {
    count(cause == cause_recorded ? cause_disk_trouble : std::string_view(cause), tally.count, tally.bytes);
  }
  finishing_.erase(finishing_.begin());
}

void CaptureSeries::retain() {
  std::size_t files = kept_.size() + finishing_.size() + (current_ ? 1 : 0);
  std::uint64_t bytes = kept_bytes_ + (current_ ? current_->writer.file_bytes() : 0);
  for (const File& file : finishing_) bytes += file.writer.file_bytes();
  while (!kept_.empty() && ((rotation_.keep_files != 0 && files > rotation_.keep_files) ||
                            (rotation_.keep_bytes != 0 && bytes > rotation_.keep_bytes))) {
    const Kept oldest = std::move(kept_.front());
    kept_.pop_front();
    --files;
    bytes -= oldest.identity.bytes;
    kept_bytes_ -= oldest.identity.bytes;
    if (identity_of(oldest.path) != oldest.identity) continue;  // somebody took it, or put another in its place
    if (::unlink(oldest.path.c_str()) == 0) ++files_deleted_;
    else trouble(oldest.path, base::fail_errno("cannot remove " + oldest.path, errno).error());
  }
}

base::Result<void> CaptureSeries::close() {
  if (current_ && current_->writer.place() != Place::here) follow_current();
  base::Result<void> result;
  // What was lost while there was no file must stand somewhere.
  if (!current_ && !carried_.empty()) {
    auto last = make_file(names_.next());
    if (last) current_ = std::move(*last);
    else result = std::unexpected(last.error());
  }
  if (current_) finishing_.push_back(std::move(*current_));
  current_.reset();
  for (File& file : finishing_) cut(file, cause_lingered);
  auto finished = finish_files();
  return finished ? result : finished;
}

Account CaptureSeries::account() const {
  Account total = {{std::string(cause_recorded), {}}};
  add(total, ended_);
  add(total, carried_);
  const auto add_file = [&](const File& file) {
    add(total, file.writer.committed_account());
    add(total, uncommitted(file.writer), cause_disk_trouble);
  };
  if (current_) add_file(*current_);
  std::ranges::for_each(finishing_, add_file);
  return total;
}

// Of one kind, the first is told: a full disk has many ways to say so.
void CaptureSeries::trouble(const std::string& kind, const base::Error& error) {
  last_trouble_ = now_;
  if (told_.size() < told_max && told_.insert(kind).second) tell_(error.message);
}

}  // namespace stormproof::replay
