#include "tests/proxy/exposition.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <charconv>
#include <limits>
#include <optional>
#include <regex>
#include <set>

#include "harness/base/utf8.h"

namespace stormproof::proxy {
namespace {

struct Bucket {
  double bound = 0;
  double count = 0;
};

struct Fault {
  std::string what;
};

void hold(bool holds, std::string what) {
  if (!holds) throw Fault{std::move(what)};
}

bool is_name(std::string_view text, bool label) {
  static const std::regex metric("[a-zA-Z_:][a-zA-Z0-9_:]*");
  static const std::regex label_name("[a-zA-Z_][a-zA-Z0-9_]*");
  return std::regex_match(text.begin(), text.end(), label ? label_name : metric);
}

double number(std::string_view text) {
  if (text == "+Inf") return std::numeric_limits<double>::infinity();
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  hold(code == std::errc{} && end == text.data() + text.size(), fmt::format("'{}' is no number", text));
  return value;
}

class Reader {
 public:
  explicit Reader(Samples& samples) : samples_(samples) {}

  void line(std::string_view text) {
    if (text.starts_with("# HELP ")) return begin_family(text.substr(7));
    if (text.starts_with("# TYPE ")) return type(text.substr(7));
    hold(!text.starts_with('#'), "a comment of neither kind");
    hold(!type_.empty(), "a sample before its TYPE");
    sample(text);
  }

  void end() { end_family(); }

 private:
  void begin_family(std::string_view text) {
    end_family();
    family_ = text.substr(0, text.find(' '));
    hold(is_name(family_, false), "the family's name");
    hold(family_.starts_with("stormproof_"), "a name of ours begins with stormproof_");
    hold(families_.insert(family_).second, "the family comes back");
    hold(text.size() > family_.size() + 1, "the help is empty");
    type_.clear();
    buckets_.clear();
    count_.reset();
    samples_of_family_ = 0;
  }

  void type(std::string_view text) {
    hold(text.substr(0, text.find(' ')) == family_ && type_.empty(), "a TYPE that is not of this family");
    type_ = text.substr(family_.size() + 1);
    hold(type_ == "counter" || type_ == "gauge" || type_ == "histogram", "the type");
    hold((type_ == "counter") == family_.ends_with("_total"), "counters, and they alone, end in _total");
  }

  void sample(std::string_view text) {
    const std::size_t name_end = text.find_first_of("{ ");
    hold(name_end != text.npos, "no value");
    const std::string name(text.substr(0, name_end));
    hold(is_name(name, false), "the metric's name");
    std::string_view rest = text.substr(name_end);
    std::optional<std::string> le;
    if (rest.starts_with('{')) rest.remove_prefix(labels(rest, le));
    hold(rest.starts_with(' '), "no blank before the value");
    const double value = number(rest.substr(1));
    hold(samples_.emplace(text.substr(0, text.size() - rest.size()), value).second, "the series stands there twice");
    ++samples_of_family_;
    if (type_ == "counter") hold(value >= 0, "a counter below zero");
    if (type_ != "histogram") return hold(name == family_, "a sample that is not of its family");
    if (name == family_ + "_bucket") {
      hold(le.has_value(), "a bucket without its bound");
      buckets_.push_back({number(*le), value});
    } else if (name == family_ + "_count") {
      count_ = value;
    } else {
      hold(name == family_ + "_sum", "a sample that is not of its family");
    }
  }

  // `text` begins with '{'; the number of bytes up to and with '}'.
  static std::size_t labels(std::string_view text, std::optional<std::string>& le) {
    std::set<std::string> seen;
    std::size_t at = 1;
    while (true) {
      const std::size_t equals = text.find('=', at);
      hold(equals != text.npos && text.substr(equals + 1, 1) == "\"", "a label without a value");
      const std::string name(text.substr(at, equals - at));
      hold(is_name(name, true) && seen.insert(name).second, "the label's name");
      std::string value;
      for (at = equals + 2;; ++at) {
        hold(at < text.size(), "a label's value has no end");
        if (text[at] == '"') break;
        if (text[at] == '\\') {
          ++at;
          hold(at < text.size() && std::string_view("\\\"n").contains(text[at]), "an escape that does not exist");
        }
        value += text[at];
      }
      if (name == "le") le = value;
      const char next = at + 1 < text.size() ? text[at + 1] : '\0';
      hold(next == ',' || next == '}', "what follows a label");
      at += 2;
      if (next == '}') return at;
    }
  }

  void end_family() const {
    if (family_.empty()) return;
    hold(samples_of_family_ > 0, "a family without samples");
    if (type_ != "histogram") return;
    hold(count_.has_value() && !buckets_.empty(), "a histogram without buckets or count");
    for (std::size_t i = 1; i < buckets_.size(); ++i) {
      hold(buckets_[i - 1].bound < buckets_[i].bound, "buckets are out of order");
      hold(buckets_[i - 1].count <= buckets_[i].count, "buckets are not cumulative");
    }
    hold(buckets_.back().bound == std::numeric_limits<double>::infinity(), "the last bucket is not +Inf");
    hold(buckets_.back().count == *count_, "the last bucket is not the count");
  }

  Samples& samples_;
  std::set<std::string> families_;
  std::string family_;
  std::string type_;
  std::vector<Bucket> buckets_;
  std::optional<double> count_;
  std::size_t samples_of_family_ = 0;
};

}  // namespace

std::string fault_of_exposition(std::string_view text, Samples* samples) {
  Samples own;
  Reader reader(samples == nullptr ? own : *samples);
  std::string_view line = text;
  try {
    hold(base::as_utf8(text) == text, "it is not UTF-8");
    hold(text.ends_with('\n'), "it does not end in a newline");
    for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(line.size() + 1)) {
      line = rest.substr(0, rest.find('\n'));
      reader.line(line);
    }
    reader.end();
  } catch (const Fault& fault) {
    return fmt::format("{}: {}", fault.what, line);
  }
  return "";
}

Samples expect_exposition(std::string_view text) {
  Samples samples;
  EXPECT_EQ(fault_of_exposition(text, &samples), "");
  return samples;
}

}  // namespace stormproof::proxy
