// What the tests of this room share: a folder of their own, exchanges to write, files as bytes, a child process.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "replay/capture_reader.h"
#include "replay/capture_writer.h"
#include "replay/exchange.h"

namespace stormproof::replay {

// A new folder that is gone with its owner.
class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  const std::filesystem::path& path() const { return path_; }

  // Every file in it and its bytes.
  std::map<std::string, std::string> files() const;

 private:
  std::filesystem::path path_;
};

// Of that length, the same for the same seed; zstd finds nothing in them.
std::string noise(std::uint64_t seed, std::size_t length);

// An exchange that depends on its number alone, with binary bytes in its bodies.
Exchange exchange_number(std::uint64_t number, std::size_t body_bytes = 700);

std::string read_bytes(const std::string& path);
void write_bytes(const std::string& path, std::string_view bytes);

// What can be read of a capture: all that next() gave, and the errors between them.
struct Contents {
  std::vector<Exchange> exchanges;
  std::vector<std::string> errors;
};
Contents read_all(CaptureReader& reader);

// A closed capture of exchange_number(1) to exchange_number(count).
void write_capture(const std::string& path, std::uint64_t count, std::size_t body_bytes = 700);

// Runs `work` in a child process and returns its answer; "died" where it gave none.
std::string in_child(const std::function<std::string()>& work);

// The folder of corpora, where there is one.
std::optional<std::filesystem::path> corpora();

}  // namespace stormproof::replay
