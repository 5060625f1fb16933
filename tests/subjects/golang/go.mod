module stormproof/subject

go 1.19

require (
	github.com/sony/gobreaker v0.5.0
	golang.org/x/time v0.5.0
)
