// Message: one HTTP/1.x message taken apart, for faults that change it or send it broken.
//
// Made from bytes that the wire's framer has found right; a body in chunks is put together. Whatever was changed,
// text() is one legal message: its framing is made anew, with a Content-Length. A value.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stormproof::faults {

struct Message {
  struct Field {
    std::string name;
    std::string value;
  };
  std::string start;  // the first line, without its end
  std::vector<Field> fields;
  std::string body;
  bool bodiless = false;  // a response that has none by its status or because it answers HEAD

  // Of a response interim ones before it are left out. Nothing: `raw` is no whole message.
  static std::optional<Message> of_response(std::string_view raw, bool to_head);
  static std::optional<Message> of_request(std::string_view raw);

  int status() const;  // of a response; 0: none
  const std::string* field(std::string_view name) const;
  // In the place of the first of this name, or as the last one.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);

  // The framing is taken out: no Content-Length, no Transfer-Encoding, no Trailer.
  void unframe();
  std::string head() const;  // as it stands, with the empty line
  // With a Content-Length of its own where it has, or had, a body or a length.
  std::string text() const;
};

bool same_name(std::string_view one, std::string_view other);

}  // namespace stormproof::faults
