package peers

// AnswersSQL is the reading of the answers, for a look at its plan.
const AnswersSQL = answersSQL
