// Value sense: whether two equal texts can be equal by chance.
//
// A token (a UUID, a session id, a signature) is itself evidence: nobody else has it. A short or common value ("17", "2",
// "active") is evidence only under names that mean the same thing: `order_id` in one place, the segment behind `/orders/` in another.
// Such a name is a noun: in lower case, letters and digits only, singular. Pure.
#pragma once

#include <string>
#include <string_view>

namespace stormproof::replay {

// Enough of it is chance (about 40 bits) that it will not be met twice by accident. Words, dates and times are not.
bool is_token(std::string_view value);

// Of "order_id", "orderId" and "orders": "order". "" for a name that says nothing, like "id".
std::string noun_of(std::string_view name);

// The name alone says that its value identifies something: "id", "order_id", "uuid", "orderNumber".
bool names_an_identifier(std::string_view name);

// Values under such a name are made by the server to be sent back: "csrf_token", "version", "cursor", "nonce", "state".
bool names_a_return_value(std::string_view name);

// A counted or chosen thing ("page", "quantity", "price"): equal values under it mean nothing.
bool names_a_quantity(std::string_view noun);

// A short value that may be an identifier or a token: a digit in it, and no version of an interface ("v2") nor a decimal number.
bool may_identify(std::string_view value);

}  // namespace stormproof::replay
