#include "replay/json_leaves.h"

#include <string>
#include <vector>

namespace stormproof::replay {
namespace {

class Walk {
 public:
  Walk(std::string_view text, const std::function<void(const JsonLeaf&)>& found) : text_(text), found_(found) {}

  void run() {
    path_ = "$";
    value(0);
  }

 private:
  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").contains(text_[at_])) ++at_;
  }
  bool take(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // Behind the opening quote; what is inside. False: it does not end.
  bool string(std::string_view& raw) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) return false;
    raw = text_.substr(begin, at_ - begin);
    ++at_;
    return true;
  }

  void leaf(std::string_view raw, bool is_string) const {
    const std::string_view key = keys_.empty() ? std::string_view() : std::string_view(keys_.back());
    const std::string_view owner = keys_.size() < 2 ? std::string_view() : std::string_view(keys_[keys_.size() - 2]);
    found_({.path = path_, .key = key, .owner = owner, .raw = raw, .is_string = is_string, .in_list = lists_ > 0});
  }

  bool object(int depth) {
    if (take('}')) return true;
    do {
      std::string_view name;
      if (!take('"') || !string(name) || !take(':')) return false;
      const std::size_t path_size = path_.size();
      path_.append(".").append(name);
      keys_.emplace_back(name);
      const bool whole = value(depth + 1);
      keys_.pop_back();
      path_.resize(path_size);
      if (!whole) return false;
    } while (take(','));
    return take('}');
  }

  bool array(int depth) {
    if (take(']')) return true;
    const std::size_t path_size = path_.size();
    path_ += "[*]";
    ++lists_;
    do {
      if (!value(depth + 1)) return false;
    } while (take(','));
    --lists_;
    path_.resize(path_size);
    return take(']');
  }

  // False: no JSON from here on.
  bool value(int depth) {
    if (depth > json_depth_max) return false;
    if (take('{')) return object(depth);
    if (take('[')) return array(depth);
    if (take('"')) {
      std::string_view raw;
      if (!string(raw)) return false;
      leaf(raw, true);
      return true;
    }
    const std::size_t begin = at_;
    while (at_ < text_.size() && !std::string_view(",]} \t\r\n:\"").contains(text_[at_])) ++at_;
    const std::string_view raw = text_.substr(begin, at_ - begin);
    if (raw.empty()) return false;
    if (raw[0] == '-' || (raw[0] >= '0' && raw[0] <= '9')) leaf(raw, false);
    else return raw == "true" || raw == "false" || raw == "null";
    return true;
  }

  std::string_view text_;
  const std::function<void(const JsonLeaf&)>& found_;
  std::size_t at_ = 0;
  std::string path_;
  std::vector<std::string> keys_;
  int lists_ = 0;
};

}  // namespace

void each_json_leaf(std::string_view text, const std::function<void(const JsonLeaf&)>& found) {
  Walk(text, found).run();
}

}  // namespace stormproof::replay
