#include "tests/soak/notes.h"

namespace stormproof::soak {

static_assert(sizeof(Note) == 4);

std::string_view to_string(Seen seen) {
  switch (seen) {
    case Seen::not_whole: return "not sent whole, or malformed";
    case Seen::answered: return "answered";
    case Seen::our_answer: return "answered by the relay itself";
    case Seen::cut: return "answer cut";
    case Seen::ended: return "connection ended";
    case Seen::nothing: return "no answer in time";
    case Seen::did_not_look: return "left alone";
  }
  return "";
}

Notes::Notes(const std::filesystem::path& path) : file_(path, std::ios::binary) {}

void Notes::add(const Note& note) { file_.write(reinterpret_cast<const char*>(&note), sizeof note); }

bool Notes::close() {
  file_.close();
  return !file_.fail();
}

std::vector<Note> Notes::read(const std::filesystem::path& path) {
  std::vector<Note> notes(std::filesystem::file_size(path) / sizeof(Note));
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(notes.data()), static_cast<std::streamsize>(notes.size() * sizeof(Note)));
  return notes;
}

}  // namespace stormproof::soak
