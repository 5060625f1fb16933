#include "harness/base/secrets.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace stormproof::base {
namespace {

constexpr std::size_t read_at_once = std::size_t{1} << 20;

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").contains(c);
    if (plain) encoded += c;
    else fmt::format_to(std::back_inserter(encoded), "%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return encoded;
}

std::string in_json(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '"': escaped += "\\\""; break;
      case '\\': escaped += "\\\\"; break;
      case '\n': escaped += "\\n"; break;
      case '\r': escaped += "\\r"; break;
      case '\t': escaped += "\\t"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

// As YAML writes it.
std::string in_single_quotes(std::string_view text) {
  std::string doubled;
  for (const char c : text) doubled += c == '\'' ? "''" : std::string(1, c);
  return doubled;
}

}  // namespace

Secrets::Secrets(const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    if (value.size() < secret_bytes_min) continue;
    forms_.push_back(value);
    forms_.push_back(percent_encoded(value));
    forms_.push_back(in_json(value));
    forms_.push_back(in_single_quotes(value));
  }
  std::ranges::sort(forms_, [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  forms_.erase(std::ranges::unique(forms_).begin(), forms_.end());
  // A secret made anew, of the mask and what stands beside it, would have one of the mask's ends in it.
  for (const char* mask : {"(secret)", "<***>", "…", "_"}) {
    mask_ = mask;
    const auto shares = [&](const std::string& form) {
      return form.contains(mask_.front()) || form.contains(mask_.back()) || mask_.contains(form);
    };
    if (std::ranges::none_of(forms_, shares)) return;
  }
  mask_.clear();  // they hold every sign that we could write: hide() takes them out until none is left
}

std::size_t Secrets::match_at(std::string_view text, std::size_t at) const {
  for (const std::string& form : forms_) {
    if (text[at] == form[0] && text.substr(at).starts_with(form)) return form.size();
  }
  return 0;
}

bool Secrets::found_in(std::string_view text) const {
  return std::ranges::any_of(forms_, [&](const std::string& form) { return text.contains(form); });
}

// Takes text[at, end) over, masked; a match may reach beyond `end`.
void Secrets::replace(std::string_view text, std::size_t end, std::size_t& at, std::string& out) const {
  while (at < end) {
    const std::size_t size = match_at(text, at);
    if (size == 0) {
      out += text[at++];
    } else {
      out += mask_;
      at += size;
    }
  }
}

std::string Secrets::hide(std::string text) const {
  while (found_in(text)) {
    std::string hidden;
    std::size_t at = 0;
    replace(text, text.size(), at, hidden);
    text = std::move(hidden);
  }
  return text;
}

Result<void> Secrets::hide_in_file(const std::string& path) const {
  std::error_code ignored;
  if (forms_.empty() || !std::filesystem::exists(path, ignored)) return {};
  std::ifstream in(path, std::ios::binary);
  const std::string beside = path + fmt::format(".part-{}", ::getpid());
  std::ofstream out(beside, std::ios::binary | std::ios::trunc);
  const std::size_t longest = forms_.front().size();
  std::string text;
  std::string hidden;
  std::vector<char> bytes(read_at_once);
  while (in && out) {
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    text.append(bytes.data(), static_cast<std::size_t>(in.gcount()));
    // What stands at the end of what was read may be the beginning of a secret.
    const std::size_t end = in.eof() ? text.size() : text.size() - std::min(text.size(), longest - 1);
    std::size_t at = 0;
    hidden.clear();
    replace(text, end, at, hidden);
    if (mask_.empty()) hidden = hide(std::move(hidden));
    out << hidden;
    text.erase(0, at);
  }
  const bool whole = in.eof() && out.flush();
  const int error = errno;
  if (whole && std::rename(beside.c_str(), path.c_str()) == 0) return {};
  std::remove(beside.c_str());
  return fail_errno("cannot take the secrets out of " + path, error);
}

}  // namespace stormproof::base
