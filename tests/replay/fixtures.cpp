#include "tests/replay/fixtures.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "harness/base/seed.h"

namespace stormproof::replay {

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "stormproof-replay-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) std::abort();
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::map<std::string, std::string> Folder::files() const {
  std::map<std::string, std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    found[entry.path().filename().string()] = read_bytes(entry.path().string());
  }
  return found;
}

std::string noise(std::uint64_t seed, std::size_t length) {
  std::string bytes;
  bytes.reserve(length + 8);
  for (std::uint64_t i = 0; bytes.size() < length; ++i) {
    const std::uint64_t drawn = base::draw(seed, "noise", i);
    bytes.append(reinterpret_cast<const char*>(&drawn), 8);
  }
  bytes.resize(length);
  return bytes;
}

Exchange exchange_number(std::uint64_t number, std::size_t body_bytes) {
  Exchange exchange;
  exchange.id = number;
  exchange.connection = number % 7;
  exchange.session = number % 3;
  exchange.shadow_of = number % 4 == 1 ? number + 3 : 0;
  const base::Time start{std::chrono::seconds(1'700'000'000) + std::chrono::milliseconds(number)};
  exchange.request_start = start;
  exchange.request_end = start + std::chrono::microseconds(10);
  exchange.response_start = start + std::chrono::microseconds(900);
  exchange.response_end = start + std::chrono::microseconds(1100);
  exchange.ending = static_cast<Ending>(number % 7);
  exchange.request.body = noise(number, body_bytes / 2);
  exchange.request.head = fmt::format("POST /orders/{}?q=%20 HTTP/1.1\r\nHost: shop\r\nContent-Length: {}\r\n\r\n",
                                      number, exchange.request.body.size());
  if (number % 5 == 0) exchange.interim = "HTTP/1.1 100 Continue\r\n\r\n";
  exchange.response.head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string data = noise(number + 1'000'000, body_bytes - body_bytes / 2);
  if (number % 6 == 0)
    exchange.segments = noise(number + 2'000'000, 5);  // any bytes: what they mean is not the store's matter
  exchange.response.body = fmt::format("{:x}\r\n", data.size()) + data + "\r\n0\r\nTrailer: x\r\n\r\n";
  return exchange;
}

std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_bytes(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

Contents read_all(CaptureReader& reader) {
  Contents contents;
  Exchange exchange;
  for (auto more = reader.next(exchange); !more || *more; more = reader.next(exchange)) {
    if (more) contents.exchanges.push_back(exchange);
    else contents.errors.push_back(more.error().message);
  }
  return contents;
}

void write_capture(const std::string& path, std::uint64_t count, std::size_t body_bytes) {
  auto writer = CaptureWriter::create(path, {{"source", "test"}});
  ASSERT_TRUE(writer) << writer.error().message;
  for (std::uint64_t i = 1; i <= count; ++i) ASSERT_TRUE(writer->append(exchange_number(i, body_bytes)));
  const auto closed = writer->close();
  ASSERT_TRUE(closed) << closed.error().message;
}

std::string in_child(const std::function<std::string()>& work) {
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string answer = work() + "\n";
    _exit(::write(ends[1], answer.data(), answer.size()) == static_cast<ssize_t>(answer.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  std::string answer;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    answer.append(buffer, static_cast<std::size_t>(got));
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  if (!answer.ends_with('\n')) return "died";
  answer.pop_back();
  return answer;
}

std::optional<std::filesystem::path> corpora() {
  const char* const given = std::getenv("STORMPROOF_CORPORA");
  std::filesystem::path folder = given != nullptr ? given : STORMPROOF_SOURCE_DIR "/../shared/corpora";
  if (!std::filesystem::is_directory(folder)) return std::nullopt;
  return folder;
}

}  // namespace stormproof::replay
