#include "tests/wire/vectors.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <charconv>
#include <filesystem>
#include <ostream>
#include <regex>
#include <sstream>

#include "tests/support/files.h"

namespace stormproof::wire {
namespace {

std::vector<std::filesystem::path> files_of(const std::string& folder, const std::string& extension) {
  const auto corpora = support::corpora_dir();
  if (!corpora) return {};
  std::vector<std::filesystem::path> files;
  std::error_code ignored;  // absent: no files
  for (const auto& entry : std::filesystem::directory_iterator(*corpora / "http-conformance" / folder, ignored)) {
    if (entry.path().extension() == extension) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

// The YAML files hold bytes above 0x7f as escapes of code points ("\xa0"), and a few as themselves in UTF-8. Both reach
// us in UTF-8; an escape was meant as the byte.
std::string bytes_meant(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c == 0xc2 || c == 0xc3) && i + 1 < text.size()) {
      bytes += static_cast<char>((c & 3) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3f));
    } else {
      bytes += text[i];
    }
  }
  return bytes;
}

Tier tier_named(const std::string& name) {
  for (const Tier tier : {Tier::compliant, Tier::acceptable, Tier::ambiguous, Tier::severe}) {
    std::string lower = name;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (lower == to_string(tier)) return tier;
  }
  throw std::runtime_error("unknown tier " + name);
}

GuardianVector guardian_vector(const std::string& file, const YAML::Node& node) {
  GuardianVector vector;
  vector.file = file;
  vector.name = node["name"].as<std::string>();
  vector.tier = tier_named(node["expected"]["tier"].as<std::string>());
  vector.reason = node["expected"]["reason"].as<std::string>();
  const auto version = node["version"].as<std::string>();
  vector.head = bytes_meant(node["method"].as<std::string>()) + " " + node["uri"].as<std::string>() +
                (version.empty() ? "" : " " + version) + "\r\n";
  for (const YAML::Node& header : node["headers"]) {
    vector.head +=
        bytes_meant(header["name"].as<std::string>()) + ": " + bytes_meant(header["value"].as<std::string>()) + "\r\n";
  }
  vector.head += "\r\n";
  return vector;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// How llhttp's own test runner reads a block.
std::string unescaped(std::string text) {
  replace_all(text, "\\\n", "");
  replace_all(text, "\n", "\r\n");
  replace_all(text, "\\r", "\r");
  replace_all(text, "\\n", "\n");
  replace_all(text, "\\t", "\t");
  replace_all(text, "\\f", "\f");
  for (std::size_t at = text.find("\\x"); at != text.npos; at = text.find("\\x", at + 1)) {
    unsigned value = 0;
    std::from_chars(text.data() + at + 2, text.data() + std::min(at + 4, text.size()), value, 16);
    text.replace(at, 4, 1, static_cast<char>(value));
  }
  return text;
}

std::size_t number_after(const std::string& line, const std::string& mark) {
  const std::size_t at = line.find(mark);
  std::size_t value = 0;
  if (at != line.npos) std::from_chars(line.data() + at + mark.size(), line.data() + line.size(), value);
  return value;
}

std::string span_of(const std::string& line) {
  const std::size_t at = line.find("]=\"");
  return at == line.npos ? "" : line.substr(at + 3, line.size() - at - 4);
}

void read_log(const std::string& log, LlhttpVector& vector) {
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    if (line.contains("message begin")) vector.messages.emplace_back();
    if (line.contains("finish=")) vector.finish = static_cast<int>(number_after(line, "finish="));
    if (line.contains("error code=")) {
      const std::size_t code = number_after(line, "code=");
      if (code != 5 && code != 21 && code != 22) vector.error = line;
    }
    if (vector.messages.empty()) continue;
    LlhttpVector::Message& message = vector.messages.back();
    if (line.contains("span[method]")) message.method += span_of(line);
    if (line.contains("span[url]")) message.target += span_of(line);
    if (line.contains("span[body]")) message.body_bytes += number_after(line, "len=");
    if (line.contains("headers complete")) {
      message.head_whole = true;
      message.status = static_cast<int>(number_after(line, "status="));
    }
    if (line.contains("message complete")) message.whole = true;
  }
}

}  // namespace

std::vector<GuardianVector> guardian_vectors() {
  std::vector<GuardianVector> vectors;
  for (const auto& path : files_of("http-desync-guardian", ".yaml")) {
    for (const YAML::Node& node : YAML::LoadFile(path.string())) {
      vectors.push_back(guardian_vector(path.stem().string(), node));
    }
  }
  return vectors;
}

std::vector<LlhttpVector> llhttp_vectors() {
  std::vector<LlhttpVector> vectors;
  static const std::regex meta("<!-- meta=(\\{.*\\}) -->");
  for (const auto& path : files_of("llhttp", ".md")) {
    std::istringstream lines(support::read_file(path).value_or(""));
    std::string heading;
    std::string type;
    std::string* block = nullptr;
    std::string input;
    std::string log;
    int number = 0;
    int begin = 0;
    for (std::string line; std::getline(lines, line);) {
      ++number;
      std::smatch found;
      if (line.starts_with("```")) {
        if (block == &log) {
          LlhttpVector vector;
          vector.file = path.stem().string();
          vector.name = heading;
          vector.line = begin;
          vector.type = type;
          if (!input.empty()) input.pop_back();  // the line end before the fence
          vector.input = unescaped(input);
          read_log(log, vector);
          if (!type.empty()) vectors.push_back(std::move(vector));
        }
        block = line == "```http" ? &input : line == "```log" ? &log : nullptr;
        if (block != nullptr) block->clear();
        if (block == &input) begin = number;
      } else if (block != nullptr) {
        *block += line + "\n";
      } else if (line.starts_with("#")) {
        heading = line.substr(line.find_first_not_of("# "));
        type.clear();
      } else if (std::regex_search(line, found, meta)) {
        const auto values = boost::json::parse(found[1].str()).as_object();
        type = values.contains("type") ? std::string(values.at("type").as_string()) : "";
      }
    }
  }
  return vectors;
}

void PrintTo(const GuardianVector& vector, std::ostream* out) { *out << vector.file << ": " << vector.name; }
void PrintTo(const LlhttpVector& vector, std::ostream* out) {
  *out << vector.file << ".md:" << vector.line << ": " << vector.name << " (" << vector.type << ")";
}

std::string test_name(const std::string& text) {
  std::string name;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c))) name += c;
    else if (!name.empty() && name.back() != '_') name += '_';
  }
  return name.substr(0, 60);
}

}  // namespace stormproof::wire
