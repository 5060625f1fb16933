#include "replay/url_parts.h"

#include <algorithm>

#include "replay/value_sense.h"

namespace stormproof::replay {
namespace {

bool is_identifier(std::string_view segment) {
  const std::string value = decoded(Coding::percent, segment);
  return may_identify(value) || is_token(value);
}

// What stands between scheme, host and query.
std::string_view path_in(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const auto scheme = url.find("://");
  if (scheme == url.npos) return url;
  const auto slash = url.find('/', scheme + 3);
  return slash == url.npos ? std::string_view() : url.substr(slash);
}

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty() && segments.size() < url_parts_max) {
    if (path.starts_with('/')) path.remove_prefix(1);
    const auto slash = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, slash));
    path.remove_prefix(slash);
  }
  return segments;
}

constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

std::string shape(const std::vector<std::string_view>& segments, bool rooted, std::size_t hole) {
  std::string text;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (i > 0 || rooted) text += '/';
    if (i == hole) text += "{}";
    else if (is_identifier(segments[i])) text += '*';
    else text += segments[i];
  }
  return text;
}

// Of the last segment before `end` that is no identifier.
std::string noun_before(const std::vector<std::string_view>& segments, std::size_t end) {
  while (end > 0) {
    const std::string_view segment = segments[--end];
    if (segment.empty()) continue;
    if (!is_identifier(segment)) return noun_of(segment);
  }
  return "";
}

}  // namespace

std::vector<UrlPart> form_parts(std::string_view text, char mark) {
  std::vector<UrlPart> parts;
  while (!text.empty() && parts.size() < url_parts_max) {
    const auto end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto equals = pair.find('=');
    if (equals == pair.npos) continue;
    UrlPart part;
    part.key = decoded(Coding::form, pair.substr(0, equals));
    part.name = mark + part.key;
    part.noun = noun_of(part.key);
    part.raw = pair.substr(equals + 1);
    part.coding = Coding::form;
    parts.push_back(std::move(part));
  }
  return parts;
}

std::vector<UrlPart> url_parts(std::string_view url) {
  std::vector<UrlPart> parts;
  const std::string_view path = path_in(url);
  const auto segments = segments_of(path);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].empty()) continue;
    UrlPart part;
    part.raw = segments[i];
    part.name = shape(segments, path.starts_with('/'), i);
    // Right behind the collection; behind an identifier nothing is said of what it is.
    if (i > 0 && !is_identifier(segments[i - 1])) part.noun = noun_of(segments[i - 1]);
    parts.push_back(std::move(part));
  }
  const auto add = [&](std::string_view text, char mark) {
    for (UrlPart& part : form_parts(text, mark)) {
      // "?id=17" is the id of what the path names.
      if (part.noun.empty() && names_an_identifier(part.key)) part.noun = noun_before(segments, segments.size());
      parts.push_back(std::move(part));
    }
  };
  const auto fragment = url.find('#');
  if (const auto query = url.find('?'); query < fragment) add(url.substr(query + 1, fragment - query - 1), '?');
  if (fragment != url.npos) add(url.substr(fragment + 1), '#');
  return parts;
}

std::string url_shape(std::string_view url) {
  const std::string_view path = path_in(url);
  return shape(segments_of(path), path.starts_with('/'), nowhere);
}

std::string noun_of_path(std::string_view url) {
  const auto segments = segments_of(path_in(url));
  return noun_before(segments, segments.size());
}

bool looks_like_a_url(std::string_view text) {
  const bool rooted = text.size() > 1 && text[0] == '/' && text[1] != '/';
  return (rooted || text.starts_with("http://") || text.starts_with("https://")) &&
         text.find_first_of(" \t\r\n\"<>\\") == text.npos;
}

}  // namespace stormproof::replay
