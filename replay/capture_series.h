// CaptureSeries: the files of one recording, one after the other, and what becomes of it when the disk is full or a file
// is taken away.
//
// Nothing here fails but start() and close(): what cannot be kept is counted by cause, what the operator should know is
// told, and it goes on as soon as it can. Each file is a whole capture with an account of its own; over all files
// together, recorded and dropped add up to what was brought.
//
//   rotation   A file that is due is followed by the next one, at a commit; it takes in nothing new but the rest of
//              exchanges whose large bodies it has begun, and is closed when they have ended. So no exchange is torn or
//              lost at a seam. One that has not ended after `lingering_max`, or when `lingering_files_max` files wait,
//              is dropped, counted by cause. An empty file is never due.
//   retention  When a file is closed, the oldest that this recording made go beyond what is to be kept. Files under
//              other names, or that somebody else put in their place, stay.
//   renamed    The file is closed where it stands now, and the recording goes on in a new one (see names). Exchanges
//              whose large bodies it has begun are dropped, counted.
//   removed    What it held is counted as lost, and the recording goes on in a new one.
//   disk       While nothing can be written, 8 MiB are held in memory, the rest is dropped, counted. A file that cannot
//              be made is tried again every second.
//   names      x.traffic, and the same again after it was renamed or removed, where nothing else has taken it; with
//              rotation x-000001.traffic, x-000002.traffic …, from behind the highest number. Nothing is overwritten.
//
// One thread at a time; see CaptureWriter.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/error.h"
#include "replay/capture_names.h"
#include "replay/capture_writer.h"

namespace stormproof::replay {

struct Rotation {
  std::uint64_t bytes = 0;       // of a file, as looked at after each commit; 0: not by size
  base::Nanoseconds every{};     // since the file was made; 0: not by time
  std::size_t keep_files = 0;    // closed and open ones together; 0: all
  std::uint64_t keep_bytes = 0;  // the same; 0: all

  bool on() const { return bytes != 0 || every.count() != 0; }
};

// How many bytes of an exchange's two bodies went ahead of it, by Direction.
using PartedSizes = std::array<std::uint64_t, 2>;

class CaptureSeries {
 public:
  static constexpr std::size_t lingering_files_max = 8;
  static constexpr base::Nanoseconds lingering_max = std::chrono::minutes(10);
  static constexpr base::Nanoseconds look_every = CaptureWriter::commit_interval;
  static constexpr base::Nanoseconds retry_every = std::chrono::seconds(1);
  // A trouble is over when there was none for so long; it is told again when it comes back then.
  static constexpr base::Nanoseconds calm_after = std::chrono::seconds(10);
  static constexpr std::size_t told_max = 16;      // kinds of trouble told until then
  static constexpr std::size_t causes_max = 4096;  // exchanges under way of which it is known why they will be dropped

  using Tell = std::function<void(const std::string&)>;

  static base::Result<CaptureSeries> start(const std::string& path, Meta meta, const Rotation& rotation, base::Time now,
                                           Tell tell);

  // An exchange of which `parted` went ahead: without exactly those bytes it is dropped. `bytes` are all of it.
  void append(const Entry& entry, const PartedSizes& parted, std::uint64_t bytes);
  // `offset`: how much of this body went ahead.
  void append_part(std::uint64_t exchange, Direction direction, std::uint64_t offset, std::string_view bytes);
  // The exchange will not come; whoever says so counts it.
  void give_up(std::uint64_t exchange);

  void count(std::string_view cause, std::uint64_t n, std::uint64_t bytes);

  // Commits, rotates, looks whether the file is still there: all of it at most every `look_every`. Returns how long from
  // `now` it need not be called.
  base::Nanoseconds tick(base::Time now);

  // Closes what is open. After an error it may be called again, until it succeeds.
  base::Result<void> close();

  // Over all files, after close(). What is not on the disk is not among the recorded, but dropped.
  Account account() const;
  std::uint64_t files_made() const { return files_made_; }
  std::uint64_t files_deleted() const { return files_deleted_; }  // by retention

 private:
  struct File {
    CaptureWriter writer;
    base::Time made{};
    std::optional<base::Time> rotated;
  };
  // One that was closed.
  struct Kept {
    std::string path;
    FileIdentity identity;
  };

  CaptureSeries(CaptureNames names, Meta meta, const Rotation& rotation, Tell tell)
      : names_(std::move(names)), meta_(std::move(meta)), rotation_(rotation), tell_(std::move(tell)) {}
  base::Result<File> make_file(const std::string& path);
  bool open_next();
  File* holder_of(std::uint64_t exchange);
  void discard(std::uint64_t exchange);
  void lose(std::uint64_t exchange, std::uint64_t bytes);
  void cut(File& file, std::string_view cause);
  void look();
  bool due(const File& file) const;
  void rotate();
  void follow_current();
  base::Result<void> finish_files();
  void forget_removed(File& file);
  void abandon_oldest();
  void retain();
  void trouble(const std::string& kind, const base::Error& error);

  CaptureNames names_;
  Meta meta_;
  Rotation rotation_;
  Tell tell_;

  base::Time now_{};  // of the last tick
  std::optional<base::Time> last_look_;
  std::optional<File> current_;
  std::vector<File> finishing_;  // the oldest first
  base::Time open_again_at_{};   // no file is made before that
  std::deque<Kept> kept_;        // where there is a limit to them; the oldest first
  std::uint64_t kept_bytes_ = 0;
  std::uint64_t files_made_ = 0;
  std::uint64_t files_deleted_ = 0;

  Account ended_;                                     // of files that are closed
  Account carried_;                                   // counted while there was no file; goes into the next one
  std::map<std::uint64_t, std::string_view> causes_;  // why an exchange that is under way will be dropped

  std::set<std::string> told_;
  std::uint64_t lost_ = 0;  // exchanges since trouble began
  base::Time last_trouble_{};
};

}  // namespace stormproof::replay
