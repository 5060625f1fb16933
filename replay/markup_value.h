// Markup value: an XML or HTML document as a JSON value, so that it is compared by its content.
//
// An element is an object: `@name` for each attribute, the name of each child for the list of the children of that name,
// `#text` for the list of its runs of text (white space folded, empty ones left out), and `#order` for the names of its
// children in their order where they are of more than one name. Comments and processing instructions are left out. The only place with libxml2; nothing is
// fetched, no entity of the document's own is expanded. Pure.
#pragma once

#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string_view>

namespace stormproof::replay {

// Absent: not well-formed.
std::optional<boost::json::value> xml_value(std::string_view bytes, const boost::json::storage_ptr& storage = {});

// HTML is forgiven anything; absent only where there is no element in it at all.
std::optional<boost::json::value> html_value(std::string_view bytes, const boost::json::storage_ptr& storage = {});

}  // namespace stormproof::replay
