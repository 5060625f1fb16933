// What comparing costs: a capture of stored pairs of 1 KB JSON, read and compared as `stormproof compare --recorded` does.
//
//   compare_bench [--pairs 1000000] [--folder DIR]
//
// Every answer differs from its partner in two members, as a timestamp and a counter do, and one pair in 200 in a third. Prints the time to
// write the capture, the time to compare it, and the most memory that this process held from then on. Exit code 1 above 60 s or 512 MiB a million.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "harness/base/seed.h"
#include "harness/verify/comparison_gates.h"
#include "replay/capture_writer.h"
#include "replay/recorded_pairs.h"

using namespace stormproof;

namespace {

constexpr double seconds_max = 60;
constexpr double mebibytes_max = 512;
constexpr double million = 1e6;

struct Options {
  std::uint64_t pairs = 1'000'000;
  std::string folder = ".";
};

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// 1 KB: a list of products, when it was made, and how often it was asked for.
std::string body(std::uint64_t number, std::uint64_t made) {
  std::string text = fmt::format(R"({{"made":{},"views":{},"products":[)", made, made % 1000);
  for (std::uint64_t i = 0; text.size() < 950; ++i) {
    const std::uint64_t drawn = base::draw(number % 4096, "bench", i);
    text += fmt::format(R"({}{{"id":{},"price":{}.99,"name":"product {:x}"}})", i == 0 ? "" : ",", drawn % 100'000,
                        drawn % 997, drawn % 65'536);
  }
  const bool other = made % 2 == 1 && number % 200 == 7;
  return text + fmt::format(R"(],"stock":{}}})", other ? "null" : "12");
}

replay::Exchange exchange(std::uint64_t number, bool shadow) {
  replay::Exchange one;
  one.id = number * 2 + (shadow ? 1 : 0) + 1;
  one.shadow_of = shadow ? number * 2 + 1 : 0;
  one.request_start = base::Time(std::chrono::microseconds(number * 100));
  one.response_end =
      one.request_start + std::chrono::microseconds(500 + base::draw(1, shadow ? "s" : "l", number) % 500);
  one.request.head =
      fmt::format("GET /products/{}?ref=home HTTP/1.1\r\nHost: shop.local\r\nAccept: */*\r\n\r\n", number % 10'007);
  one.response.body = body(number, number * 2 + (shadow ? 1 : 0));
  one.response.head = fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                                  one.response.body.size());
  return one;
}

bool write_pairs(const std::string& file, std::uint64_t pairs) {
  auto writer = replay::CaptureWriter::create(file, {});
  if (!writer) return false;
  for (std::uint64_t i = 0; i < pairs; ++i) {
    if (!writer->append(exchange(i, false)) || !writer->append(exchange(i, true))) return false;
    if (i % 1024 == 0 && !writer->commit()) return false;
  }
  return writer->close().has_value();
}

// VmHWM can be reset, so that what writing held does not count.
void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

double peak_mebibytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024;
  }
  return 0;
}

Options options_of(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--pairs") == 0)
      std::from_chars(argv[i + 1], argv[i + 1] + std::strlen(argv[i + 1]), options.pairs);
    if (std::strcmp(argv[i], "--folder") == 0) options.folder = argv[i + 1];
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = options_of(argc, argv);
  const std::string file = (std::filesystem::path(options.folder) / "compare_bench.traffic").string();
  std::filesystem::remove(file);
  auto begin = std::chrono::steady_clock::now();
  if (!write_pairs(file, options.pairs)) {
    fmt::print(stderr, "cannot write {}\n", file);
    return 1;
  }
  fmt::print("written   {} pairs in {:.1f} s, {:.0f} MiB\n", options.pairs, seconds_since(begin),
             static_cast<double>(std::filesystem::file_size(file)) / (1 << 20));
  forget_peak();
  const double before = peak_mebibytes();

  begin = std::chrono::steady_clock::now();
  const replay::DifferenceRules rules;
  replay::Comparison comparison(rules);
  const auto pairs = replay::compare_recorded(file, comparison);
  const auto verdict = verify::judge(comparison, {});
  const double took = seconds_since(begin);
  std::filesystem::remove(file);
  if (!pairs || pairs->compared != options.pairs) return 1;
  fmt::print("compared  {} pairs in {:.1f} s: {:.1f} us a pair; {} differ, in {} places\n", pairs->compared, took,
             took / static_cast<double>(pairs->compared) * million, comparison.different(), verdict.differences.size());
  fmt::print("memory    {:.0f} MiB at most, of which {:.0f} before\n", peak_mebibytes(), before);
  const bool kept = took <= seconds_max * std::max(1.0, static_cast<double>(options.pairs) / million) &&
                    peak_mebibytes() <= mebibytes_max;
  return kept ? 0 : 1;
}
