#include "harness/app/rotation_flags.h"

#include <fmt/format.h>

#include <charconv>

#include "harness/base/units.h"

namespace stormproof::app {
namespace {

// "24" files, or "10GB" of them.
base::Result<void> read_keep(const std::string& text, replay::Rotation& rotation) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rotation.keep_files);
  if (error == std::errc{} && end == text.data() + text.size() && rotation.keep_files > 0) return {};
  rotation.keep_files = 0;
  const auto bytes = base::parse_bytes(text);
  if (!bytes || *bytes == 0)
    return base::fail(fmt::format("--keep: '{}' is neither a number of files nor a size, like 24 or 10GB", text));
  rotation.keep_bytes = *bytes;
  return {};
}

}  // namespace

base::Result<replay::Rotation> RotationFlags::rotation() const {
  replay::Rotation asked;
  if (!size.empty()) {
    const auto bytes = base::parse_bytes(size);
    if (!bytes) return base::fail("--rotate-size: " + bytes.error().message);
    if (*bytes < rotate_bytes_min)
      return base::fail("--rotate-size: a file has at least " + base::format_bytes(rotate_bytes_min));
    asked.bytes = *bytes;
  }
  if (!every.empty()) {
    const auto period = base::parse_duration(every);
    if (!period) return base::fail("--rotate-every: " + period.error().message);
    if (*period < rotate_every_min)
      return base::fail("--rotate-every: a file has at least " + base::format_duration(rotate_every_min));
    asked.every = *period;
  }
  if (keep.empty()) return asked;
  if (!asked.on()) return base::fail("--keep is about the files of --rotate-size or --rotate-every");
  if (const auto kept = read_keep(keep, asked); !kept) return std::unexpected(kept.error());
  return asked;
}

void RotationFlags::add_to(CLI::App& command) {
  command.add_option("--rotate-size", size,
                     "begin a new file when this is reached: 1GB; they are called OUT-000001, OUT-000002 …");
  command.add_option("--rotate-every", every, "the same when this time has passed: 1h");
  command.add_option("--keep", keep, "of the files of this recording only the latest 24, or 10GB of them");
}

}  // namespace stormproof::app
