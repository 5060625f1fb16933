// Check: holds a document against the language and reads its scalars.
//
// Finds what can be told without the meaning of the whole: unknown, doubled, missing and conflicting keys, a map where
// a list belongs, a value that is not of its form. It goes on after each mistake, and mends the tree so that one
// mistake is reported once: a misspelt key counts as the one that was meant, of a doubled key the first stands.
// Messages never show what came from a secret.
#pragma once

#include "scenarios/complaints.h"
#include "scenarios/document.h"
#include "scenarios/language.h"

namespace stormproof::scenarios {

// Sets the value of every scalar that is right. `root` must be a map.
void check(Node& root, const Record& record, Complaints& complaints);

}  // namespace stormproof::scenarios
