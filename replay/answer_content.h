// AnswerContent: what an answer was: empty, JSON and of which shape, or something else; and how old it says to be.
//
// The shape is a digest of the places and types of a JSON body's values ("$.orders[].id number"), whatever they are and
// however many: two answers with the same members have the same. Chunks and encodings are undone first. Pure.
#pragma once

#include <string_view>

#include "harness/events/event.h"

namespace stormproof::replay {

// Of a whole answer.
events::Content content_of(std::string_view head, std::string_view body);

}  // namespace stormproof::replay
