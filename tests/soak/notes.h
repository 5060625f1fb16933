// Notes: what a client knows of each of its requests, one small record each, in a file of its own.
//
// On the disk so that a long soak holds no more memory at its end than at its beginning: its own would look like a leak.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <vector>

namespace stormproof::soak {

// What a client saw of a request that it sent whole; the first: it did not.
enum class Seen : std::uint8_t {
  not_whole,     // broken off, or malformed
  answered,      // by the upstream, whole
  our_answer,    // the relay's own, whole
  cut,           // an answer that ended within
  ended,         // the connection, without a word
  nothing,       // for as long as the client's patience lasted
  did_not_look,  // it left or reset, or an answer before this one ended the connection
};
inline constexpr std::size_t sights = static_cast<std::size_t>(Seen::did_not_look) + 1;
std::string_view to_string(Seen seen);

struct Note {
  Seen seen = Seen::not_whole;
  // The relay must have taken it up: nothing before it on its connection was a reason to end that, and the client has
  // not reset (which takes away from the relay what it has not read).
  bool due = false;
  std::uint16_t status = 0;
};

class Notes {
 public:
  explicit Notes(const std::filesystem::path& path);
  // The notes of request 0, 1, 2 …, in this order.
  void add(const Note& note);
  bool close();
  static std::vector<Note> read(const std::filesystem::path& path);

 private:
  std::ofstream file_;
};

}  // namespace stormproof::soak
