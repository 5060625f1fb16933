// BodyValue: any body as one JSON value, so that all kinds are compared by one way of comparing.
//
// JSON is itself; JSON lines a list; a form an object; text a list of its lines; XML and HTML as markup_value.h says. What
// cannot be read as the kind that it claims is text, or binary: that has no value and is compared by its bytes. Pure.
#pragma once

#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>
#include <string_view>

#include "replay/content.h"

namespace stormproof::replay {

struct BodyValue {
  ContentKind kind = ContentKind::none;  // as it was read, not as it was claimed
  boost::json::value value;
};

// The value may point nowhere into `bytes`; it lives in `storage`.
BodyValue body_value(ContentKind claimed, std::string_view bytes, const boost::json::storage_ptr& storage = {});

}  // namespace stormproof::replay
